// SystemNetwork: the facts of the network that this machine is on, each read when asked for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/network_facts.hpp"
#include "base/network_identity.hpp"
#include "names/system_files.hpp"
#include "sys/netlink.hpp"

namespace gladhand {

class SystemNetwork : public NetworkFacts {
 public:
  const std::vector<DefaultRoute>& default_routes() override;
  const std::vector<NetworkInterface>& interfaces() override;
  const std::vector<Endpoint>& addresses() override;
  const std::vector<std::string>& search_domains() override;
  const std::vector<std::string>& name_servers() override;
  std::string device_to(const Endpoint& destination) override;
  const WifiNetworks& wifi() override;
  bool has_mains_power() override;

  /// Those of addresses(), each read anew.
  std::vector<LinkPrefix> prefixes();

 private:
  struct Link {
    std::string name;
    bool is_up = false;
    bool is_vpn = false;
    bool is_loopback = false;
  };

  const std::map<unsigned, Link>& links();
  const ResolvConf& resolv_conf();

  NetlinkDumps dumps_;
  std::optional<std::map<unsigned, Link>> links_;  // by index
  std::optional<std::vector<DefaultRoute>> default_routes_;
  std::optional<std::vector<NetworkInterface>> interfaces_;
  std::optional<std::vector<Endpoint>> addresses_;
  std::optional<ResolvConf> resolv_conf_;
  std::optional<WifiNetworks> wifi_;
};

}  // namespace gladhand
