// poll(2) that no signal cuts short.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <span>

namespace gladhand {

/// Waits until one of `entries` is ready or `deadline` is there; without one, for as long as it
/// takes. Looks at least once. Returns how many are ready, or -1 with errno, never EINTR.
int poll_until(std::span<pollfd> entries,
               std::optional<std::chrono::steady_clock::time_point> deadline);

/// What is ready now.
int poll_now(std::span<pollfd> entries);

/// Whether `fd` has any of `events`, or an error or a hang-up, now; also when that cannot be found
/// out. To be asked after each wait of Asio's for a descriptor: what it has heard of a descriptor
/// that was closed in the same turn of the loop it may tell of the next one that is opened.
bool is_ready(int fd, short events);

/// Whether the peer of a stream socket has said all that it ever will. Asked before one reads, so
/// that what is read then is all of it.
bool peer_has_ended(int fd);

}  // namespace gladhand
