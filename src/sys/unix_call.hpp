// One request to a daemon of this machine, and its reply.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace gladhand {

/// Whom to ask, and what its messages end with: Varlink's with a NUL, others with a line end.
struct UnixPeer {
  std::string path;  ///< of its stream socket
  std::string name;  ///< what an error calls it
  char end = '\0';
};

/// Sends `request` and the end to the peer and returns its reply up to the end. Empty when nobody
/// listens there. Fails with an Error that names the peer: timed_out at `deadline`, no_address for
/// what else goes wrong.
asio::awaitable<Result<std::optional<std::string>>> call_unix_peer(
    UnixPeer peer, std::string request, std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
