#include "strategy/choose.hpp"

#include <doctest/doctest.h>

#include <array>

#include "facts.hpp"
#include "strategy/read_rules.hpp"

namespace gladhand::choose_test {

namespace {

const std::array<SettingKey, 3> keys = {{{"timeout"}, {"proxy", false, true}, {"relay", true}}};

std::vector<StrategyRule> rules_of(std::string_view text) {
  return read_rules(text, "f", keys);
}

// Why the one rule with this condition does not hold.
std::string why(const std::string& condition,
                MadeUpNetwork& network,
                const TargetFacts& target = {"db.example", "22", ""}) {
  const auto rules = rules_of("[[rule]]\n" + condition + "\n");
  return choose(rules, target, network).rules.front().why_not;
}

std::string why(const std::string& condition,
                const TargetFacts& target = {"db.example", "22", ""}) {
  MadeUpNetwork nothing;
  return why(condition, nothing, target);
}

}  // namespace

TEST_CASE("each setting is that of the first rule that holds and has it") {
  const auto rules = rules_of(
      "[[rule]]\nmatch.host = \"db.*\"\ntimeout = 1\n"
      "[[rule]]\nmatch.host = \"web.*\"\ntimeout = 2\nrelay = true\n"
      "[[rule]]\ntimeout = 3\nproxy = \"http://a\"\n");
  MadeUpNetwork network;
  const Choice choice = choose(rules, {"db.example", "22", ""}, network);
  REQUIRE(choice.rules.size() == 3);
  CHECK(choice.rules[0].why_not.empty());
  CHECK(choice.rules[1].why_not == "host is db.example, not web.*");
  REQUIRE(choice.settings.size() == 3);
  CHECK(choice.settings[0].setting->values.front() == "1");
  CHECK(choice.settings[0].before == nullptr);
  CHECK(choice.settings[1].setting->values.front() == "3");
  CHECK(choice.settings[1].before == choice.settings[0].setting);
  CHECK(choice.settings[2].before == nullptr);
}

TEST_CASE("of the network only that is asked what decides") {
  MadeUpNetwork network;
  CHECK(why("match = { host = \"x\", vpn = true }", network) != "");
  CHECK(network.asked.empty());
  CHECK(why("match = { host = \"db.*\", vpn = true }", network) == "no VPN is up");
  CHECK(network.asked == std::vector<std::string>{"interfaces"});
}

TEST_CASE("the target: host, port, tag") {
  CHECK(why("match.host = [\"*.example\", \"!web.*\"]").empty());
  CHECK(why("match.port = 22").empty());
  CHECK(why("match.port = [80, 443]") == "port is 22, not 80, 443");
  CHECK(why("match.tag = \"work\"") == "there is no tag");
  CHECK(why("match.tag = \"work\"", {"db.example", "22", "work"}).empty());
  CHECK(why("match.port = 22", {"unix/x", "", ""}) == "there is no port");
}

TEST_CASE("the network: default routes") {
  MadeUpNetwork network;
  CHECK(why("match.gateway = \"192.0.2.1\"", network) == "there is no gateway");
  network.routes = {{"eth0", *parse_address("192.0.2.1", 0), "00:53:0a:01:02:03"}, {"wg0", {}, ""}};
  CHECK(why("match.gateway = \"192.0.2.1\"", network).empty());
  CHECK(why("match.gateway = \"192.0.2.0/24\"", network).empty());
  CHECK(why("match.gateway = \"192.0.2.0/24,!192.0.2.1\"", network) != "");
  CHECK(why("match.gateway = \"192.0.3.0/24\"", network) ==
        "gateway is 192.0.2.1, not 192.0.3.0/24");
  CHECK(why("match.gateway = \"::/0\"", network) != "");  // of the other family
  CHECK(why("match.gateway-mac = \"00:53:0A:01:02:03\"", network).empty());
  CHECK(why("match.default-device = \"wg*\"", network).empty());
  CHECK(why("match.default-device = \"wlan0\"", network) ==
        "default-device is eth0, wg0, not wlan0");
}

TEST_CASE("the network: interfaces and addresses") {
  MadeUpNetwork network;
  network.up = {{"lo", false}, {"eth0", false}};
  CHECK(why("match.interface = \"eth*\"", network).empty());
  CHECK(why("match.vpn = true", network) == "no VPN is up");
  CHECK(why("match.vpn = false", network).empty());
  network.up.push_back({"wg0", true});
  CHECK(why("match.vpn = true", network).empty());
  CHECK(why("match.vpn = false", network) == "the VPN wg0 is up");
  network.own = {*parse_address("2001:db8:1::5", 0), *parse_address("192.0.2.9", 0)};
  CHECK(why("match.address = \"2001:db8:1::/48\"", network).empty());
  CHECK(why("match.address = [\"198.51.100.0/24\", \"192.0.2.0/28\"]", network).empty());
  CHECK(why("match.address = \"2001:db8:2::/48\"", network) ==
        "address is 2001:db8:1::5, 192.0.2.9, not 2001:db8:2::/48");
}

TEST_CASE("the network: the resolver's settings, and the way to an address") {
  MadeUpNetwork network;
  network.domains = {"corp.example"};
  network.servers = {"192.0.2.53", "fe80::1%1"};
  network.device = "wg0";
  CHECK(why("match.search-domain = \"*.example\"", network).empty());
  CHECK(why("match.search-domain = \"home.arpa\"", network) ==
        "search-domain is corp.example, not home.arpa");
  CHECK(why("match.dns-server = \"192.0.2.53\"", network).empty());
  CHECK(why("match.dns-server = \"198.51.100.1\"", network) != "");
  CHECK(why("match.route-to = \"10.0.0.1 dev wg*\"", network).empty());
  CHECK(why("match.route-to = \"10.0.0.1 dev eth0\"", network) ==
        "the route to 10.0.0.1 is by wg0, not eth0");
  network.device = "";
  CHECK(why("match.route-to = \"10.0.0.1 dev eth0\"", network) == "there is no route to 10.0.0.1");
}

TEST_CASE("the network: Wi-Fi") {
  MadeUpNetwork network;
  CHECK(why("match.wifi = \"home\"", network) == "there is no wifi");
  network.wireless.why_none = "the kernel has no nl80211";
  CHECK(why("match.wifi = \"*\"", network) == "there is no wifi: the kernel has no nl80211");
  network.wireless = {{"Caf\xc3\xa9 1, free"}, ""};
  CHECK(why("match.wifi = \"Caf\xc3\xa9 1? free\"", network).empty());
  CHECK(why("match.wifi = [\"home\", \"caf*\"]", network).empty());
  network.wireless.names = {"a\nb"};
  CHECK(why("match.wifi = \"home\"", network) == "wifi is a\\x0ab, not home");
}

TEST_CASE("the machine: its power") {
  MadeUpNetwork network;
  CHECK(why("match.mains-power = true", network).empty());
  CHECK(why("match.mains-power = false", network) == "this machine has mains power");
  network.mains_power = false;
  CHECK(why("match.mains-power = true", network) == "this machine runs on battery");
  CHECK(why("match.mains-power = false", network).empty());
}

TEST_CASE("a rule does not hold where all that stands in its unless does") {
  MadeUpNetwork network;
  network.up = {{"wg0", true}};
  CHECK(why("unless.vpn = true", network) == "what stands in its unless holds");
  CHECK(why("unless = { vpn = true, host = \"web.*\" }", network).empty());
  CHECK(why("unless.vpn = false", network).empty());
}

}  // namespace gladhand::choose_test
