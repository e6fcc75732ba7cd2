// Which network this machine is on, told from others by what it has in front of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/network_facts.hpp"

namespace gladhand {

/// The prefix of an address of this machine's.
struct LinkPrefix {
  std::string device;
  Endpoint address;
  int length = 0;
  bool is_vpn = false;  ///< the device is
};

struct NetworkIdentity {
  std::string name;   ///< 16 hexadecimal digits: a hash
  std::string words;  ///< what a person knows it by: "eth0, gateway 192.0.2.1"
};

/// The network of the first default route, IPv4's before IPv6's, whose gateway has a link-layer
/// address that is known. Its name stands for that gateway, all default routes, the prefixes of the
/// route's device and those of VPNs, and `way`: what else decides where packets go. Empty without
/// such a gateway: then nothing tells this network from others.
std::optional<NetworkIdentity> identify(std::span<const DefaultRoute> routes,
                                        std::span<const LinkPrefix> prefixes,
                                        std::string_view way);

}  // namespace gladhand
