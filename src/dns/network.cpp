#include "dns/network.hpp"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <utility>

#include "base/prefix.hpp"
#include "base/zone.hpp"
#include "race/policy.hpp"
#include "sys/netlink.hpp"
#include "sys/socket_setup.hpp"

namespace gladhand {

namespace {

bool is_local_only(const Endpoint& endpoint) {
  const in6_addr address = endpoint.mapped();
  if (endpoint.family() == Family::ipv4)
    return address.s6_addr[12] == 127 || (address.s6_addr[12] == 169 && address.s6_addr[13] == 254);
  return IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address);
}

bool is_tunnel(unsigned short hardware_type) {
  constexpr std::array tunnels = {
      ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_IPGRE, ARPHRD_IP6GRE};
  return std::ranges::find(tunnels, hardware_type) != tunnels.end();
}

bool has_tunnel_hardware(unsigned index) {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index);
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::ioctl(fd.get(), SIOCGIFNAME, &request) != 0 ||
      ::ioctl(fd.get(), SIOCGIFHWADDR, &request) != 0)
    return false;
  return is_tunnel(request.ifr_hwaddr.sa_family);
}

// A unicast route of `family` in a table of the administrator's that leads beyond the link.
bool has_wide_route(int family) {
  bool found = false;
  rtmsg request{};
  request.rtm_family = static_cast<unsigned char>(family);
  NetlinkDumps().ask(RTM_GETROUTE, request, [&found, family](const nlmsghdr& message) {
    const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(&message));
    if (route->rtm_family != family || route->rtm_type != RTN_UNICAST ||
        route->rtm_table == RT_TABLE_LOCAL)
      return true;
    const void* to = address_attribute(RTM_RTA(route), RTM_PAYLOAD(&message), RTA_DST, family);
    found = to == nullptr || !is_local_only(endpoint_of(family, to, 0));
    return !found;
  });
  return found;
}

// What is known already, or what `ask` brings. A list of thousands of hosts is not kept.
template <typename Question, typename Answer, typename Ask>
Answer remembered(std::vector<std::pair<Question, Answer>>& answers,
                  const Question& question,
                  const Ask& ask) {
  constexpr std::size_t most = 64;
  const auto known = std::ranges::find(answers, question, &std::pair<Question, Answer>::first);
  if (known != answers.end()) return known->second;
  const Answer answer = ask();
  if (answers.size() < most) answers.emplace_back(question, answer);
  return answer;
}

}  // namespace

void Network::forget_what_is_old() {
  if (!validity_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - began_ <= *validity_) return;
  began_ = now;
  known_ = {};
}

Connectivity Network::connectivity(Family family) {
  forget_what_is_old();
  return remembered(known_.connectivities, family, [&] { return ask_connectivity(family); });
}

Connectivity Network::ask_connectivity(Family family) {
  // With a default route the first test is all it takes.
  if (reaches_world(family, 0)) return Connectivity::default_route;
  if (!has_wide_address(family)) return Connectivity::none;
  if (reaches_world(family, 1)) return Connectivity::default_route;
  return has_wide_route(family == Family::ipv6 ? AF_INET6 : AF_INET) ? Connectivity::some
                                                                     : Connectivity::none;
}

// Two root name servers, a.root and k.root, stand for the world: nobody's link has their prefixes,
// and no list of what is never to be routed, as documentation's addresses are on many.
bool Network::reaches_world(Family family, std::size_t which) {
  constexpr std::array ipv6 = {"2001:503:ba3e::2:30", "2001:7fd::1"};
  constexpr std::array ipv4 = {"198.41.0.4", "193.0.14.129"};
  const auto source =
      source_by_route(*parse_address(family == Family::ipv6 ? ipv6[which] : ipv4[which], 53));
  return source && !is_local_only(*source);
}

bool Network::has_route(const Endpoint& destination) {
  forget_what_is_old();
  return source_by_route(destination).has_value();
}

std::optional<Endpoint> Network::source_by_route(const Endpoint& destination) {
  return remembered(known_.routes, destination, [&] { return ask_source_by_route(destination); });
}

std::optional<Endpoint> Network::ask_source_by_route(const Endpoint& destination) const {
  const UniqueFd fd(::socket(destination.system_family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || !set_up_route(fd.get(), *destination.family(), settings_) ||
      ::connect(fd.get(), destination.data(), destination.size()) != 0)
    return std::nullopt;
  sockaddr_storage source{};
  socklen_t size = sizeof(source);
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&source), &size) != 0)
    return std::nullopt;
  return Endpoint(reinterpret_cast<const sockaddr*>(&source), size).with_port(0);
}

bool Network::has_wide_address(Family family) {
  learn_addresses();
  return std::ranges::any_of(known_.addresses, [family](const LocalAddress& local) {
    return local.address.family() == family && !is_local_only(local.address);
  });
}

bool Network::has_clat() {
  constexpr int length = 96 + 29;
  const in6_addr translators = parse_address("192.0.0.0", 0)->mapped();
  learn_addresses();
  return std::ranges::any_of(known_.addresses, [&translators](const LocalAddress& local) {
    return local.address.family() == Family::ipv4 &&
           common_prefix_length(local.address.mapped(), translators) >= length;
  });
}

std::optional<Source> Network::find_source(const Endpoint& destination) {
  forget_what_is_old();
  return remembered(known_.sources, destination, [&] { return ask_source(destination); });
}

std::optional<Source> Network::ask_source(const Endpoint& destination) {
  const auto address = source_by_route(destination);
  if (!address) return std::nullopt;
  learn_addresses();
  Source source;
  source.address = *address;
  // Several interfaces may have one link-local address: its zone tells which is meant.
  const auto known = std::ranges::find_if(known_.addresses, [&](const LocalAddress& local) {
    return common_prefix_length(local.address.mapped(), address->mapped()) == 128 &&
           (address->scope() == 0 || address->scope() == local.interface);
  });
  unsigned interface = route_interface(destination);
  if (known != known_.addresses.end()) {
    source.prefix_length = known->prefix_length;
    source.deprecated = known->deprecated;
    source.home = known->home;
    if (interface == 0) interface = known->interface;
  }
  source.encapsulated = is_tunnel_interface(interface);
  return source;
}

// [RFC 6724 §6, rule 7] the interface that packets leave by, which need not have the source
// address: a tunnel may have none of its own. 0 where the kernel does not say.
unsigned Network::route_interface(const Endpoint& destination) {
  if (!settings_.interface.empty()) return zone_names().index(settings_.interface);
  if (destination.scope() != 0) return destination.scope();
  if (!netlink_) netlink_ = open_netlink();
  RouteRequest request(destination);
  for (const SocketOption& option : settings_.options)
    if (option.level == SOL_SOCKET && option.name == SO_MARK)
      request.add(RTA_MARK, option.value.data(), sizeof(int));
  return ask_route_device(netlink_.get(), request);
}

bool Network::is_tunnel_interface(unsigned index) {
  return remembered(
      known_.tunnels, index, [index] { return index != 0 && has_tunnel_hardware(index); });
}

void Network::learn_addresses() {
  forget_what_is_old();
  if (std::exchange(known_.has_addresses, true)) return;
  NetlinkDumps().ask(RTM_GETADDR, ifaddrmsg{}, [this](const nlmsghdr& message) {
    const auto* address = static_cast<const ifaddrmsg*>(NLMSG_DATA(&message));
    if (address->ifa_family != AF_INET6 && address->ifa_family != AF_INET) return true;
    const auto* attributes = IFA_RTA(address);
    const std::size_t left = IFA_PAYLOAD(&message);
    const void* bytes = address_attribute(attributes, left, IFA_LOCAL, address->ifa_family);
    if (bytes == nullptr)
      bytes = address_attribute(attributes, left, IFA_ADDRESS, address->ifa_family);
    if (bytes == nullptr) return true;
    known_.addresses.push_back({
        .address = endpoint_of(address->ifa_family, bytes, address->ifa_index),
        .prefix_length = address->ifa_prefixlen,
        .deprecated = (address->ifa_flags & IFA_F_DEPRECATED) != 0,
        .home = (address->ifa_flags & IFA_F_HOMEADDRESS) != 0,
        .interface = address->ifa_index,
    });
    return true;
  });
}

}  // namespace gladhand
