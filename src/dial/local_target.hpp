// Targets on this machine: Unix sockets, VSOCK and what systemd-machined knows. There is one
// address, and nobody has to be asked but the machine itself.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

/// The address of a target that is not Kind::internet, or why there is none.
struct LocalAddress {
  std::string_view origin;  ///< "unix", "vsock", "vsock-mux" or "machine"
  std::optional<Endpoint> endpoint;
  std::optional<Error> failure;
  UniqueFd path;  ///< holds the way to a socket whose path is too long for an address
};

/// Finds it. Asks systemd-machined for a machine, and waits for its answer until `deadline` at
/// most.
asio::awaitable<LocalAddress> find_local_address(Target target,
                                                 std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
