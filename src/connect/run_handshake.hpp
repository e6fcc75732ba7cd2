// The talking of a handshake: one coroutine that carries bytes between a socket and the machine,
// and takes not one byte of what comes after.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>

#include "base/result.hpp"
#include "proxy/handshake.hpp"

namespace gladhand {

enum class HandshakeRun : std::uint8_t { ended, timed_out };

/// Sends and receives on `fd`, which stays the caller's and as blocking as it is, until the machine
/// wants something else than bytes, has ended, or `deadline` is there. A broken connection is told
/// to the machine as its end. Fails where it cannot wait for the connection, or cannot take from it
/// what is the proxy's.
asio::awaitable<Result<HandshakeRun>> run_handshake(int fd,
                                                    Handshake& handshake,
                                                    std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
