// A network that tests make up, and what was asked of it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/network_facts.hpp"

namespace gladhand {

class MadeUpNetwork : public NetworkFacts {
 public:
  std::vector<DefaultRoute> routes;
  std::vector<NetworkInterface> up;
  std::vector<Endpoint> own;
  std::vector<std::string> domains;
  std::vector<std::string> servers;
  std::string device;
  WifiNetworks wireless;
  bool mains_power = true;
  std::vector<std::string> asked;

  const std::vector<DefaultRoute>& default_routes() override { return ask("routes", routes); }
  const std::vector<NetworkInterface>& interfaces() override { return ask("interfaces", up); }
  const std::vector<Endpoint>& addresses() override { return ask("addresses", own); }
  const std::vector<std::string>& search_domains() override { return ask("domains", domains); }
  const std::vector<std::string>& name_servers() override { return ask("servers", servers); }
  std::string device_to(const Endpoint& destination) override {
    return ask(to_string(destination), device);
  }
  const WifiNetworks& wifi() override { return ask("wifi", wireless); }
  bool has_mains_power() override { return ask("power", mains_power); }

 private:
  template <typename Fact>
  const Fact& ask(const std::string& name, const Fact& fact) {
    asked.push_back(name);
    return fact;
  }
};

}  // namespace gladhand
