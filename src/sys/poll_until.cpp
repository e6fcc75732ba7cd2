#include "sys/poll_until.hpp"

#include <algorithm>
#include <cerrno>

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

// For poll(2): -1 for no deadline, else what is left of it, rounded up.
int timeout_of(std::optional<Clock::time_point> deadline) {
  constexpr std::chrono::milliseconds a_day = std::chrono::hours(24);
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), a_day).count());
}

}  // namespace

int poll_until(std::span<pollfd> entries, std::optional<Clock::time_point> deadline) {
  for (;;) {
    const int timeout = timeout_of(deadline);
    const int ready = ::poll(entries.data(), entries.size(), timeout);
    if (ready > 0 || (ready == 0 && Clock::now() >= *deadline)) return ready;
    if (ready < 0 && errno != EINTR) return ready;
  }
}

int poll_now(std::span<pollfd> entries) {
  for (;;) {
    const int ready = ::poll(entries.data(), entries.size(), 0);
    if (ready >= 0 || errno != EINTR) return ready;
  }
}

bool is_ready(int fd, short events) {
  pollfd entry{fd, events, 0};
  return poll_now({&entry, 1}) != 0;
}

bool peer_has_ended(int fd) {
  pollfd entry{fd, POLLRDHUP, 0};
  return poll_now({&entry, 1}) > 0;
}

}  // namespace gladhand
