#include "dns/system_network.hpp"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <tuple>
#include <utility>

#include "sys/file.hpp"
#include "sys/netlink.hpp"
#include "sys/power.hpp"
#include "sys/wifi.hpp"

namespace gladhand {

namespace {

// A text attribute, which the kernel ends with a NUL.
std::string text_attribute(const rtattr* first, std::size_t size, unsigned short type) {
  const rtattr* found = find_attribute(first, size, type, 1);
  if (found == nullptr) return "";
  const auto* text = static_cast<const char*>(RTA_DATA(found));
  return {text, ::strnlen(text, RTA_PAYLOAD(found))};
}

// A tap device, which virtual machines have, is of the kind "tun", too.
bool is_vpn(std::string_view kind, unsigned short hardware) {
  constexpr std::array<std::string_view, 6> kinds = {
      "wireguard", "ppp", "xfrm", "vti", "vti6", "ovpn"};
  if (kind == "tun") return hardware == ARPHRD_NONE;
  return hardware == ARPHRD_PPP || std::ranges::find(kinds, kind) != kinds.end();
}

std::string kind_of(const rtattr* first, std::size_t size) {
  const rtattr* info = find_attribute(first, size, IFLA_LINKINFO, 0);
  if (info == nullptr) return "";
  return text_attribute(
      static_cast<const rtattr*>(RTA_DATA(info)), RTA_PAYLOAD(info), IFLA_INFO_KIND);
}

// "00:53:0a:01:02:03".
std::string link_layer_text(const rtattr& attribute) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto* bytes = static_cast<const unsigned char*>(RTA_DATA(&attribute));
  std::string text;
  for (std::size_t i = 0; i < RTA_PAYLOAD(&attribute); ++i) {
    if (i != 0) text += ':';
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 15U];
  }
  return text;
}

struct Neighbour {
  Endpoint address;
  unsigned interface = 0;
  std::string link_layer;
};

std::vector<Neighbour> read_neighbours(NetlinkDumps& dumps) {
  std::vector<Neighbour> neighbours;
  dumps.ask(RTM_GETNEIGH, ndmsg{}, [&neighbours](const nlmsghdr& message) {
    const auto* it = static_cast<const ndmsg*>(NLMSG_DATA(&message));
    if (it->ndm_family != AF_INET && it->ndm_family != AF_INET6) return true;
    const auto* attributes = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(it) +
                                                             NLMSG_ALIGN(sizeof(ndmsg)));
    const std::size_t size = NLMSG_PAYLOAD(&message, sizeof(ndmsg));
    const void* address = address_attribute(attributes, size, NDA_DST, it->ndm_family);
    const rtattr* link_layer = find_attribute(attributes, size, NDA_LLADDR, 1);
    if (address == nullptr || link_layer == nullptr) return true;
    const auto index = static_cast<unsigned>(it->ndm_ifindex);
    neighbours.push_back(
        {endpoint_of(it->ndm_family, address, index), index, link_layer_text(*link_layer)});
    return true;
  });
  return neighbours;
}

// Every link, without its counters.
struct LinkRequest {
  ifinfomsg link{};
  rtattr attribute{RTA_LENGTH(sizeof(mask)), IFLA_EXT_MASK};
  std::uint32_t mask = RTEXT_FILTER_SKIP_STATS;
};

// A default route as the kernel has it.
struct KernelRoute {
  int family = 0;
  unsigned metric = 0;
  unsigned interface = 0;
  Endpoint gateway;
};

// With several next hops the first stands for all.
void read_next_hop(const rtattr* attributes, std::size_t size, KernelRoute& route) {
  const rtattr* several = find_attribute(attributes, size, RTA_MULTIPATH, sizeof(rtnexthop));
  if (several != nullptr) {
    const auto* hop = static_cast<const rtnexthop*>(RTA_DATA(several));
    if (hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > RTA_PAYLOAD(several)) return;
    route.interface = static_cast<unsigned>(hop->rtnh_ifindex);
    attributes = RTNH_DATA(hop);
    size = hop->rtnh_len - sizeof(rtnexthop);
  } else {
    route.interface = number_attribute(attributes, size, RTA_OIF);
  }
  if (const void* gateway = address_attribute(attributes, size, RTA_GATEWAY, route.family))
    route.gateway = endpoint_of(route.family, gateway, route.interface);
  // IPv4 by way of an IPv6 router [RFC 5549].
  const rtattr* via = find_attribute(attributes, size, RTA_VIA, 2 + sizeof(in6_addr));
  if (via != nullptr)
    route.gateway =
        endpoint_of(AF_INET6, static_cast<const char*>(RTA_DATA(via)) + 2, route.interface);
}

// IPv6's first, and of each family the preferred.
std::vector<KernelRoute> read_default_routes(NetlinkDumps& dumps) {
  std::vector<KernelRoute> routes;
  dumps.ask(RTM_GETROUTE, rtmsg{}, [&routes](const nlmsghdr& message) {
    const auto* it = static_cast<const rtmsg*>(NLMSG_DATA(&message));
    const int family = it->rtm_family;
    if ((family != AF_INET6 && family != AF_INET) || it->rtm_type != RTN_UNICAST ||
        it->rtm_dst_len != 0 || it->rtm_table != RT_TABLE_MAIN)
      return true;
    const rtattr* attributes = RTM_RTA(it);
    const std::size_t size = RTM_PAYLOAD(&message);
    KernelRoute route{.family = family,
                      .metric = number_attribute(attributes, size, RTA_PRIORITY),
                      .interface = 0,
                      .gateway = {}};
    read_next_hop(attributes, size, route);
    routes.push_back(route);
    return true;
  });
  std::ranges::stable_sort(routes, {}, [](const KernelRoute& it) {
    return std::pair(it.family != AF_INET6, it.metric);
  });
  return routes;
}

}  // namespace

const std::map<unsigned, SystemNetwork::Link>& SystemNetwork::links() {
  if (links_) return *links_;
  links_.emplace();
  dumps_.ask(RTM_GETLINK, LinkRequest(), [this](const nlmsghdr& message) {
    const auto* it = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
    const rtattr* attributes = IFLA_RTA(it);
    const std::size_t size = IFLA_PAYLOAD(&message);
    (*links_)[static_cast<unsigned>(it->ifi_index)] = {
        .name = text_attribute(attributes, size, IFLA_IFNAME),
        .is_up = (it->ifi_flags & IFF_UP) != 0 && (it->ifi_flags & IFF_RUNNING) != 0,
        .is_vpn = gladhand::is_vpn(kind_of(attributes, size), it->ifi_type),
        .is_loopback = (it->ifi_flags & IFF_LOOPBACK) != 0};
    return true;
  });
  return *links_;
}

const std::vector<DefaultRoute>& SystemNetwork::default_routes() {
  if (default_routes_) return *default_routes_;
  default_routes_.emplace();
  const std::vector<Neighbour> neighbours = read_neighbours(dumps_);
  for (const KernelRoute& route : read_default_routes(dumps_)) {
    const auto link = links().find(route.interface);
    if (link == links().end()) continue;
    const auto neighbour = std::ranges::find_if(neighbours, [&route](const Neighbour& it) {
      return it.interface == route.interface && it.address == route.gateway;
    });
    default_routes_->push_back(
        {.device = link->second.name,
         .gateway = route.gateway,
         .link_layer = neighbour == neighbours.end() ? "" : neighbour->link_layer});
  }
  return *default_routes_;
}

const std::vector<NetworkInterface>& SystemNetwork::interfaces() {
  if (interfaces_) return *interfaces_;
  interfaces_.emplace();
  for (const auto& [index, link] : links())
    if (link.is_up) interfaces_->push_back({link.name, link.is_vpn});
  return *interfaces_;
}

std::vector<LinkPrefix> SystemNetwork::prefixes() {
  std::vector<LinkPrefix> prefixes;
  const auto& known = links();
  dumps_.ask(RTM_GETADDR, ifaddrmsg{}, [&known, &prefixes](const nlmsghdr& message) {
    const auto* it = static_cast<const ifaddrmsg*>(NLMSG_DATA(&message));
    const auto link = known.find(it->ifa_index);
    const bool wanted = it->ifa_family == AF_INET6 || it->ifa_family == AF_INET;
    if (!wanted || link == known.end() || link->second.is_loopback) return true;
    const auto* attributes = IFA_RTA(it);
    const std::size_t size = IFA_PAYLOAD(&message);
    const void* bytes = address_attribute(attributes, size, IFA_LOCAL, it->ifa_family);
    if (bytes == nullptr) bytes = address_attribute(attributes, size, IFA_ADDRESS, it->ifa_family);
    if (bytes != nullptr)
      prefixes.push_back({.device = link->second.name,
                          .address = endpoint_of(it->ifa_family, bytes, it->ifa_index),
                          .length = it->ifa_prefixlen,
                          .is_vpn = link->second.is_vpn});
    return true;
  });
  return prefixes;
}

const std::vector<Endpoint>& SystemNetwork::addresses() {
  if (addresses_) return *addresses_;
  addresses_.emplace();
  for (const LinkPrefix& it : prefixes()) addresses_->push_back(it.address);
  return *addresses_;
}

const ResolvConf& SystemNetwork::resolv_conf() {
  if (!resolv_conf_) resolv_conf_ = parse_resolv_conf(read_file("/etc/resolv.conf"));
  return *resolv_conf_;
}

const std::vector<std::string>& SystemNetwork::search_domains() {
  return resolv_conf().search;
}

const std::vector<std::string>& SystemNetwork::name_servers() {
  return resolv_conf().servers;
}

std::string SystemNetwork::device_to(const Endpoint& destination) {
  const UniqueFd netlink = open_netlink();
  const auto link = links().find(ask_route_device(netlink.get(), RouteRequest(destination)));
  return link == links().end() ? "" : link->second.name;
}

const WifiNetworks& SystemNetwork::wifi() {
  if (!wifi_) wifi_ = find_wifi_networks();
  return *wifi_;
}

bool SystemNetwork::has_mains_power() {
  return gladhand::has_mains_power("/sys/class/power_supply");
}

}  // namespace gladhand
