// The relay: for clients that can take no descriptor, it carries the bytes between their standard
// input and output and the server, until the connection is over.
//
// When one direction ends, the other one goes on:
// - The client's end of file becomes the server's, after all that was sent before it; what the
//   server still has to say is then waited for without limit.
// - The server's end of file becomes the client's. What the client still sends is delivered, until
//   it ends too or rests for `relay_linger`: not every client closes its end.
// - When the client reads no more, it is most likely about to close its other end as well: that is
//   an end like any other. If it does not, and nothing moves for `relay_linger`, it is an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

constexpr std::chrono::seconds relay_linger{5};

struct RelayEnd {
  std::uint64_t sent = 0;      ///< bytes to the server
  std::uint64_t received = 0;  ///< bytes from the server
  std::optional<Error> failure;
};

/// Carries bytes from `in` to `server` and from `server` to `out`, which it closes. Sets O_NONBLOCK
/// on `server`; `in` and `out` may be shared with others and keep their flags. SIGPIPE must be
/// ignored already: splice(2) knows no MSG_NOSIGNAL. `name` is the server's, for the failure.
RelayEnd relay(UniqueFd server, int in, int out, const std::string& name);

}  // namespace gladhand
