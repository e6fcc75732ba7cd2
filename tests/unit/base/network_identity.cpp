#include "base/network_identity.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace gladhand {
namespace {

Endpoint at(const std::string& address) {
  return *parse_address(address, 0);
}

struct Place {
  std::vector<DefaultRoute> routes{{"wlan0", at("2001:db8::ff"), "00:53:0a:00:00:06"},
                                   {"wlan0", at("192.0.2.1"), "00:53:0a:00:00:04"}};
  std::vector<LinkPrefix> prefixes{{"wlan0", at("192.0.2.77"), 24, false},
                                   {"wlan0", at("2001:db8::77"), 64, false}};
  std::string way{};

  std::string name() const {
    const auto identity = identify(routes, prefixes, way);
    return identity ? identity->name : "";
  }
};

}  // namespace

TEST_CASE("a network is what its gateway is, whatever address this machine has there") {
  const Place home;
  CHECK(home.name().size() == 16);
  CHECK(identify(home.routes, home.prefixes, "")->words == "wlan0, gateway 192.0.2.1");
  Place same = home;
  same.prefixes = {{"wlan0", at("2001:db8::abcd"), 64, false},  // a temporary address
                   {"wlan0", at("2001:db8::77"), 64, false},
                   {"wlan0", at("192.0.2.78"), 24, false},
                   {"docker0", at("198.51.100.1"), 24, false}};
  CHECK(same.name() == home.name());
}

TEST_CASE("another gateway, prefix, route, VPN or way is another network") {
  const Place home;
  std::vector<Place> others(6, home);
  others[0].routes[1].link_layer = "00:53:0a:00:00:05";
  others[1].prefixes[0].address = at("192.0.3.77");
  others[2].prefixes[1].address = at("2001:db8:1::77");
  others[3].routes.erase(others[3].routes.begin());
  others[4].prefixes.push_back({"wg0", at("198.51.100.1"), 24, true});
  others[5].way = "eth1";
  for (const Place& other : others) CHECK(other.name() != home.name());
}

TEST_CASE("without a gateway that has a link-layer address there is no network to tell") {
  Place place;
  place.routes[1].link_layer.clear();
  CHECK(identify(place.routes, place.prefixes, "")->words == "wlan0, gateway 2001:db8::ff");
  place.routes[0].link_layer.clear();
  CHECK(place.name().empty());
  place.routes.clear();
  CHECK(place.name().empty());
}

}  // namespace gladhand
