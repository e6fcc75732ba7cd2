// What can be known of the network that this machine is on, and of its power, without sending
// anything.
#pragma once

#include <string>
#include <vector>

#include "gladhand/endpoint.hpp"

namespace gladhand {

struct DefaultRoute {
  std::string device;
  Endpoint gateway;        ///< of no family where the route leads to the link itself
  std::string link_layer;  ///< the gateway's, "00:53:0a:...", lower case; empty while not known
};

/// One that is up.
struct NetworkInterface {
  std::string name;
  bool is_vpn = false;  ///< WireGuard, tun, PPP, XFRM, VTI, OpenVPN's own kind
};

/// The wireless networks that this machine is a client of.
struct WifiNetworks {
  std::vector<std::string> names;  ///< SSIDs, which may hold any octets
  std::string why_none;            ///< where the system has nothing that could be one
};

/// Each fact is found out when it is first asked for: what no rule asks for costs nothing.
class NetworkFacts {
 public:
  NetworkFacts() = default;
  virtual ~NetworkFacts() = default;

  NetworkFacts(const NetworkFacts&) = delete;
  NetworkFacts& operator=(const NetworkFacts&) = delete;

  /// Those of both families, the preferred of each first.
  virtual const std::vector<DefaultRoute>& default_routes() = 0;

  virtual const std::vector<NetworkInterface>& interfaces() = 0;

  /// Without those of the loopback device.
  virtual const std::vector<Endpoint>& addresses() = 0;

  /// What resolv.conf(5) names.
  virtual const std::vector<std::string>& search_domains() = 0;
  virtual const std::vector<std::string>& name_servers() = 0;

  /// The interface that packets to `destination` leave by; empty where there is no route.
  virtual std::string device_to(const Endpoint& destination) = 0;

  virtual const WifiNetworks& wifi() = 0;

  /// False where a battery is what there is.
  virtual bool has_mains_power() = 0;
};

}  // namespace gladhand
