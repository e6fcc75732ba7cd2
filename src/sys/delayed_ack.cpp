#include "sys/delayed_ack.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>

#include "sys/get_int_sockopt.hpp"

namespace gladhand {

namespace {

// Two ticks of a kernel with 1,000, 250 (or 300), 200 and 100 of them in a second; EINVAL for less.
constexpr std::array shortest = {2000, 4001, 8000, 20000};

}  // namespace

// What the kernel has refused once it refuses the next socket, too.
void shorten_delayed_ack(int fd) {
  static std::atomic<std::size_t> accepted = 0;
  for (std::size_t i = accepted; i < shortest.size(); ++i) {
    if (::setsockopt(fd, IPPROTO_TCP, tcp_delack_max_us, &shortest[i], sizeof(int)) == 0 ||
        errno != EINVAL)
      return;
    accepted = i + 1;
  }
}

std::optional<std::chrono::microseconds> longest_delayed_ack(int fd) {
  const std::optional<int> value = get_int_sockopt(fd, IPPROTO_TCP, tcp_delack_max_us);
  if (!value) return std::nullopt;
  return std::chrono::microseconds(*value);
}

}  // namespace gladhand
