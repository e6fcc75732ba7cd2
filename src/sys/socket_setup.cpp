#include "sys/socket_setup.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <linux/sctp.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/delayed_ack.hpp"

namespace gladhand {

namespace {

RefusedSetting refused(const std::string& asked) {
  return {asked, {errno, std::system_category()}};
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

std::vector<Endpoint> addresses_of(const std::string& interface, Family family) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  std::vector<Endpoint> found;
  for (const ifaddrs* it = list; it != nullptr; it = it->ifa_next) {
    if (it->ifa_addr == nullptr || interface != it->ifa_name) continue;
    const bool ipv6 = it->ifa_addr->sa_family == AF_INET6;
    const Endpoint address(it->ifa_addr, ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    if (address.family() == family) found.push_back(address);
  }
  return found;
}

// The address of the interface to connect from: the first global one, as OpenSSH's BindInterface
// has it, or `asked` if that is one of them.
std::optional<Endpoint> address_of(const std::string& interface,
                                   Family family,
                                   const std::optional<Endpoint>& asked) {
  const std::vector<Endpoint> all = addresses_of(interface, family);
  const auto found = asked ? std::ranges::find(all, asked->with_port(0))
                           : std::ranges::find(all, 0U, &Endpoint::scope);
  if (found != all.end()) return *found;
  return asked || all.empty() ? std::nullopt : std::optional(all.front());
}

Endpoint any_address(Family family) {
  if (family == Family::ipv6) return {in6addr_any, 0};
  return {in_addr{INADDR_ANY}, 0};
}

std::optional<Endpoint> asked_source(Family family, const SocketSettings& settings) {
  const auto found = std::ranges::find(settings.bind, std::optional(family), &Endpoint::family);
  if (found == settings.bind.end()) return std::nullopt;
  return *found;
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
  std::string text;
  if (!settings.bind.empty()) text = "--bind " + to_string(source);
  if (settings.local_port != 0)
    text += (text.empty() ? "" : " ") + ("--local-port " + std::to_string(settings.local_port));
  return text.empty() ? "--interface " + printable(settings.interface) : text;
}

// A real device bind where it is allowed (any user since Linux 5.7). Where it is not, an address of
// the device is returned to bind to. Fails with errno.
bool choose_device(int fd,
                   Family family,
                   const SocketSettings& settings,
                   std::optional<Endpoint>& source) {
  if (settings.interface.empty()) return true;
  const auto size = static_cast<socklen_t>(settings.interface.size());
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, settings.interface.c_str(), size) == 0)
    return true;
  if (errno != EPERM) return false;
  source = address_of(settings.interface, family, source);
  errno = ::if_nametoindex(settings.interface.c_str()) == 0 ? ENODEV : EADDRNOTAVAIL;
  return source.has_value();
}

UniqueFd open_stream(Family family, Protocol protocol) {
  const int system_family = family == Family::ipv6 ? AF_INET6 : AF_INET;
  return UniqueFd(::socket(system_family, SOCK_STREAM | SOCK_CLOEXEC, system_protocol(protocol)));
}

bool turn_nagle_off(int fd, Protocol protocol) {
  if (protocol == Protocol::sctp) return set_flag(fd, IPPROTO_SCTP, SCTP_NODELAY);
  return set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
}

// What every socket of ssh has is never refused: there is nothing to try.
bool is_usual(const SocketSettings& settings) {
  return settings.protocol == Protocol::tcp && settings.options.empty() && settings.bind.empty() &&
         settings.local_port == 0 && settings.interface.empty();
}

}  // namespace

int system_protocol(Protocol protocol) {
  if (protocol == Protocol::mptcp) return IPPROTO_MPTCP;
  return protocol == Protocol::sctp ? IPPROTO_SCTP : IPPROTO_TCP;
}

bool kernel_speaks(Protocol protocol) {
  return open_stream(Family::ipv4, protocol) || open_stream(Family::ipv6, protocol);
}

std::optional<RefusedSetting> set_up(int fd, Family family, const SocketSettings& settings) {
  if (settings.keepalive && !set_flag(fd, SOL_SOCKET, SO_KEEPALIVE)) return refused("SO_KEEPALIVE");
  if (settings.nodelay && !turn_nagle_off(fd, settings.protocol)) return refused("TCP_NODELAY");
  if (settings.short_delayed_ack && settings.protocol == Protocol::tcp) shorten_delayed_ack(fd);
  for (const SocketOption& option : settings.options)
    if (!set_option(fd, family, option)) return refused(option.asked);
  std::optional<Endpoint> source = asked_source(family, settings);
  if (!choose_device(fd, family, settings, source))
    return refused("--interface " + printable(settings.interface));
  if (!source && settings.local_port != 0) source = any_address(family);
  if (source && !bind_source(fd, source->with_port(settings.local_port)))
    return refused(bind_text(*source, settings));
  return std::nullopt;
}

std::optional<RefusedSetting> set_up_local(int fd, const SocketSettings& settings) {
  for (const SocketOption& option : settings.options) {
    const auto size = static_cast<socklen_t>(option.value.size());
    if (::setsockopt(fd, option.level, option.name, option.value.data(), size) != 0)
      return refused(option.asked);
  }
  return std::nullopt;
}

bool set_up_route(int fd, Family family, const SocketSettings& settings) {
  for (const SocketOption& option : settings.options)
    if (option.steers_route && !set_option(fd, family, option)) return false;
  std::optional<Endpoint> source = asked_source(family, settings);
  if (!choose_device(fd, family, settings, source)) return false;
  return !source || bind_source(fd, source->with_port(0));
}

std::vector<Family> served_families(const SocketSettings& settings,
                                    const std::vector<Family>& families) {
  if (settings.interface.empty()) return families;
  std::vector<Family> served;
  for (const Family family : families) {
    const UniqueFd fd = open_stream(family, settings.protocol);
    std::optional<Endpoint> source = asked_source(family, settings);
    if (!fd || choose_device(fd.get(), family, settings, source) || errno != EADDRNOTAVAIL)
      served.push_back(family);
  }
  return served.empty() ? families : served;
}

std::optional<RefusedSetting> check_settings(const SocketSettings& asked,
                                             const std::vector<Family>& families) {
  if (is_usual(asked)) return std::nullopt;
  SocketSettings settings = asked;
  if (settings.protocol == Protocol::mptcp && !kernel_speaks(Protocol::mptcp))
    settings.protocol = Protocol::tcp;
  if (settings.protocol == Protocol::sctp && !kernel_speaks(Protocol::sctp))
    return refused("--protocol sctp");
  for (const Family family : families) {
    const UniqueFd fd = open_stream(family, settings.protocol);
    if (!fd) continue;
    if (auto refusal = set_up(fd.get(), family, settings)) return refusal;
  }
  return std::nullopt;
}

}  // namespace gladhand
