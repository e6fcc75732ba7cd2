// How long the kernel may wait before it acknowledges what has come, for a packet of ours that
// would carry the acknowledgment. A server with Nagle's algorithm on, as sshd is until a session
// starts, holds its next small packet back for as long.
#pragma once

#include <chrono>
#include <optional>

namespace gladhand {

/// TCP_DELACK_MAX_US, since Linux 6.15; the headers of most systems are older.
inline constexpr int tcp_delack_max_us = 46;

/// Makes an acknowledgment on `fd` wait as short as the kernel has it: two of its ticks. Does
/// nothing where the kernel or the protocol has no such option. Lasts, whoever gets the socket.
void shorten_delayed_ack(int fd);

/// The longest that an acknowledgment on `fd` waits; empty when the kernel does not tell.
std::optional<std::chrono::microseconds> longest_delayed_ack(int fd);

}  // namespace gladhand
