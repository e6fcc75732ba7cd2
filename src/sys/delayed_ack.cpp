#include "sys/delayed_ack.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "sys/get_int_sockopt.hpp"

namespace gladhand {

// Two ticks of a kernel with 1,000, 250 (or 300), 200 and 100 of them in a second; EINVAL for less.
void shorten_delayed_ack(int fd) {
  for (const int microseconds : {2000, 4001, 8000, 20000}) {
    const socklen_t size = sizeof(microseconds);
    if (::setsockopt(fd, IPPROTO_TCP, tcp_delack_max_us, &microseconds, size) == 0) return;
    if (errno != EINVAL) return;
  }
}

std::optional<std::chrono::microseconds> longest_delayed_ack(int fd) {
  const std::optional<int> value = get_int_sockopt(fd, IPPROTO_TCP, tcp_delack_max_us);
  if (!value) return std::nullopt;
  return std::chrono::microseconds(*value);
}

}  // namespace gladhand
