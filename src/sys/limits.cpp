#include "sys/limits.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/file.hpp"

namespace gladhand {

unsigned long raise_descriptor_limit(unsigned long wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit raised{std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

unsigned count_local_ports() {
  constexpr unsigned kernel_default = 28232;
  unsigned low = 0;
  unsigned high = 0;
  const std::string range = read_file("/proc/sys/net/ipv4/ip_local_port_range");
  if (std::sscanf(range.c_str(), "%u %u", &low, &high) != 2 || high < low) return kernel_default;
  return high - low + 1;
}

std::optional<std::string> shortage_of_descriptors() {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd) return std::nullopt;
  return system_words(errno);
}

}  // namespace gladhand
