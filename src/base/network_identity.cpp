#include "base/network_identity.hpp"

#include <algorithm>
#include <set>

#include "base/fnv.hpp"

namespace gladhand {

namespace {

const DefaultRoute* route_of(std::span<const DefaultRoute> routes, Family family) {
  const auto it = std::ranges::find_if(routes, [family](const DefaultRoute& route) {
    return route.gateway.family() == family && !route.link_layer.empty();
  });
  return it == routes.end() ? nullptr : &*it;
}

// "20010db8/32": what comes behind the prefix does not count, nor does an address that every link
// has.
std::string text_of(const LinkPrefix& prefix) {
  const in6_addr address = prefix.address.mapped();
  const bool ipv4 = prefix.address.family() == Family::ipv4;
  std::string bits = ipv4 ? "4:" : "6:";
  for (int i = 0; i < prefix.length; ++i) {
    const auto at = static_cast<unsigned>(ipv4 ? 96 + i : i);
    bits += (address.s6_addr[at / 8] >> (7U - at % 8)) & 1U ? '1' : '0';
  }
  return prefix.device + ' ' + bits;
}

}  // namespace

std::optional<NetworkIdentity> identify(std::span<const DefaultRoute> routes,
                                        std::span<const LinkPrefix> prefixes,
                                        std::string_view way) {
  const DefaultRoute* route = route_of(routes, Family::ipv4);
  if (route == nullptr) route = route_of(routes, Family::ipv6);
  if (route == nullptr) return std::nullopt;
  std::set<std::string> links;  // in an order of their own, each once
  for (const LinkPrefix& prefix : prefixes) {
    const in6_addr address = prefix.address.mapped();
    const bool ours = prefix.device == route->device || prefix.is_vpn;
    if (ours && !IN6_IS_ADDR_LINKLOCAL(&address)) links.insert(text_of(prefix));
  }
  std::string text = route->device + ' ' + to_string(route->gateway) + ' ' + route->link_layer;
  for (const DefaultRoute& it : routes) text += "\nby " + it.device + ' ' + to_string(it.gateway);
  for (const std::string& link : links) text += "\non " + link;
  text += "\nway " + std::string(way);
  return NetworkIdentity{fnv_1a_text(text),
                         route->device + ", gateway " + to_string(route->gateway)};
}

}  // namespace gladhand
