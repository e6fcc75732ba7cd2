#include "int_option.hpp"

#include <sys/socket.h>

namespace gladhand {

std::optional<int> int_option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, level, name, &value, &size) != 0) return std::nullopt;
  return value;
}

}  // namespace gladhand
