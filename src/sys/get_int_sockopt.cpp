#include "sys/get_int_sockopt.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace gladhand {

std::optional<int> get_int_sockopt(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, level, name, &value, &size) != 0) return std::nullopt;
  return value;
}

bool errno_means_absent() {
  return errno == ENOPROTOOPT || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOTCONN;
}

}  // namespace gladhand
