#include "socket_setup.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "gladhand/error.hpp"
#include "unique_fd.hpp"

namespace gladhand {

namespace {

[[noreturn]] void refuse(const std::string& asked) {
  std::string reason = std::generic_category().message(errno);
  if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z') reason[0] += 'a' - 'A';
  throw Error(ExitStatus::not_handed_over, asked + ": " + reason);
}

bool set_flag(int fd, int level, int name) {
  const int on = 1;
  return ::setsockopt(fd, level, name, &on, sizeof(on)) == 0;
}

bool set_option(int fd, Family family, const SocketOption& option) {
  if (option.family && *option.family != family) return true;
  const auto size = static_cast<socklen_t>(option.value.size());
  return ::setsockopt(fd, option.level, option.name, option.value.data(), size) == 0;
}

// A real device bind where it is allowed (any user since Linux 5.7); else the unicast interface
// options, which choose the outgoing device without filtering what comes in.
bool bind_to_interface(int fd, Family family, const std::string& interface) {
  const auto size = static_cast<socklen_t>(interface.size());
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(), size) == 0) return true;
  if (errno != EPERM) return false;
  const std::uint32_t index = htonl(::if_nametoindex(interface.c_str()));
  const bool ipv6 = family == Family::ipv6;
  return ::setsockopt(fd,
                      ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                      ipv6 ? IPV6_UNICAST_IF : IP_UNICAST_IF,
                      &index,
                      sizeof(index)) == 0;
}

Endpoint any_address(Family family) {
  if (family == Family::ipv6) return {in6addr_any, 0};
  return {in_addr{INADDR_ANY}, 0};
}

// Empty when the kernel may choose.
std::optional<Endpoint> source_to_bind(Family family, const SocketSettings& settings) {
  const auto found = std::ranges::find(settings.bind, std::optional(family), &Endpoint::family);
  if (found != settings.bind.end()) return found->with_port(settings.local_port);
  if (settings.local_port == 0) return std::nullopt;
  return any_address(family).with_port(settings.local_port);
}

// Without a port of the user's, the kernel chooses one at connect(2), when it knows both ends.
bool bind_source(int fd, const Endpoint& source) {
  if (source.port() == 0) {
    set_flag(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  } else if (!set_flag(fd, SOL_SOCKET, SO_REUSEADDR)) {
    return false;
  }
  return ::bind(fd, source.data(), source.size()) == 0;
}

std::string bind_text(const Endpoint& source, const SocketSettings& settings) {
  if (settings.bind.empty()) return "--local-port " + std::to_string(settings.local_port);
  std::string text = "--bind " + to_string(source);
  if (settings.local_port != 0) text += " --local-port " + std::to_string(settings.local_port);
  return text;
}

}  // namespace

void set_up(int fd, Family family, const SocketSettings& settings) {
  if (settings.keepalive && !set_flag(fd, SOL_SOCKET, SO_KEEPALIVE)) refuse("SO_KEEPALIVE");
  if (settings.nodelay && !set_flag(fd, IPPROTO_TCP, TCP_NODELAY)) refuse("TCP_NODELAY");
  for (const SocketOption& option : settings.options)
    if (!set_option(fd, family, option)) refuse(option.asked);
  if (!settings.interface.empty() && !bind_to_interface(fd, family, settings.interface))
    refuse("--interface " + printable(settings.interface));
  if (const auto source = source_to_bind(family, settings); source && !bind_source(fd, *source))
    refuse(bind_text(*source, settings));
}

bool set_up_route(int fd, Family family, const SocketSettings& settings) {
  for (const SocketOption& option : settings.options)
    if (option.steers_route && !set_option(fd, family, option)) return false;
  if (!settings.interface.empty() && !bind_to_interface(fd, family, settings.interface))
    return false;
  const auto source = source_to_bind(family, settings);
  return !source || bind_source(fd, source->with_port(0));
}

void check_settings(const SocketSettings& settings, const std::vector<Family>& families) {
  for (const Family family : families) {
    const UniqueFd fd(::socket(
        family == Family::ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
    if (fd) set_up(fd.get(), family, settings);
  }
}

}  // namespace gladhand
