#include "strategy/read_rules.hpp"

#include <doctest/doctest.h>

#include <array>

#include "gladhand/error.hpp"

namespace gladhand::read_rules_test {

namespace {

const std::array<SettingKey, 5> keys = {{{"timeout"},
                                         {"proxy", false, true},
                                         {"relay", true},
                                         {"4", true},
                                         {"doctor", true, false, false}}};

std::vector<StrategyRule> read(std::string_view text) {
  return read_rules(text, "f.toml", keys);
}

std::string fault(std::string_view text) {
  try {
    read(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("rules keep their order, and settings theirs with their places") {
  const auto rules = read(
      "# a comment\n"
      "[[rule]]\n"
      "name = \"first\"\n"
      "timeout = \"5s\"\n"
      "proxy = [\"http://a\", \"http://b\"]\n"
      "\n"
      "[[rule]]\n"
      "  relay = false\n"
      "timeout = 7\n"
      "4 = true\n");
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].name == "first");
  CHECK(to_string(rules[0].place) == "f.toml:2:1");
  REQUIRE(rules[0].settings.size() == 2);
  CHECK(rules[0].settings[1].values == std::vector<std::string>{"http://a", "http://b"});
  REQUIRE(rules[1].settings.size() == 3);
  CHECK(rules[1].settings[0].key == "relay");
  CHECK(to_string(rules[1].settings[0].place) == "f.toml:8:3");
  CHECK(rules[1].settings[0].values == std::vector<std::string>{"false"});
  CHECK(rules[1].settings[1].values == std::vector<std::string>{"7"});
}

TEST_CASE("conditions are a table, dotted or not; those that cost nothing come first") {
  const auto rules = read(
      "[[rule]]\n"
      "match.gateway = \"192.0.2.1\"\n"
      "match.host = [\"*.example\", \"!db.example\"]\n"
      "unless = { vpn = true }\n");
  REQUIRE(rules.size() == 1);
  REQUIRE(rules[0].match.size() == 2);
  CHECK(rules[0].match[0].subject == Subject::host);
  CHECK(rules[0].match[0].values.size() == 2);
  CHECK(rules[0].match[1].subject == Subject::gateway);
  REQUIRE(rules[0].unless.size() == 1);
  CHECK(rules[0].unless[0].values == std::vector<std::string>{"true"});
}

TEST_CASE("no rule is no fault") {
  CHECK(read("").empty());
  CHECK(read("# nothing\n").empty());
}

TEST_CASE("a fault is told with its place, an unknown key with the nearest") {
  CHECK(fault("[[rule]]\ntiemout = 1\n") == "f.toml:2:1: unknown key 'tiemout', perhaps timeout");
  CHECK(fault("[[rule]]\nmatch.hots = \"a\"\n") == "f.toml:2:7: unknown key 'hots', perhaps host");
  CHECK(fault("[[rules]]\n") == "f.toml:1:3: unknown key 'rules', perhaps rule");
  CHECK(fault("[[rule]]\ndocter = true\n") == "f.toml:2:1: unknown key 'docter'");
  CHECK(fault("[[rule]]\nzzzzzz = 1\n") == "f.toml:2:1: unknown key 'zzzzzz'");
  CHECK(fault("[rule]\ntimeout = 1\n").starts_with("f.toml:1:1: a rule begins with [[rule]]"));
  CHECK(fault("[[rule]\n").starts_with("f.toml:1:8: "));
  CHECK(fault("[[rule]]\ntimeout = 1\ntimeout = 2\n").starts_with("f.toml:3:"));
}

TEST_CASE("what stands where it must not is told where it may") {
  for (const char* text : {"timeout = 1\n", "match.host = 1\n", "[match]\nhost = 1\n"})
    CHECK(fault(text).ends_with(" stands in no rule: write [[rule]] before it"));
  CHECK(fault("[[rule]]\ndoctor = true\n") == "f.toml:2:1: doctor is for the command line alone");
  CHECK(fault("[[rule]]\nmatch.host = db.example\n").ends_with(": a text stands in quotes"));
}

TEST_CASE("a value of the wrong kind is a fault") {
  CHECK(fault("[[rule]]\nrelay = \"yes\"\n") == "f.toml:2:9: relay is true or false");
  CHECK(fault("[[rule]]\ntimeout = [1, 2]\n") == "f.toml:2:11: timeout takes one value");
  CHECK(fault("[[rule]]\ntimeout = \"\"\n") == "f.toml:2:11: timeout: the value is empty");
  CHECK(fault("[[rule]]\nproxy = []\n") == "f.toml:2:9: proxy: the value is empty");
  CHECK(fault("[[rule]]\ntimeout = 2020-01-01\n").starts_with("f.toml:2:11: a text, a number"));
  CHECK(fault("[[rule]]\nproxy = [[1]]\n").starts_with("f.toml:2:10: a text, a number"));
  CHECK(fault("[[rule]]\nmatch = 1\n").starts_with("f.toml:2:9: conditions are a table"));
  CHECK(fault("[[rule]]\nmatch.vpn = \"perhaps\"\n") ==
        "f.toml:2:13: vpn: 'perhaps' is not true or false");
  CHECK(fault("[[rule]]\nmatch.gateway = \"router\"\n") ==
        "f.toml:2:17: gateway: 'router' is no address or prefix, such as 192.0.2.0/24");
  CHECK(fault("[[rule]]\nmatch.address = \"192.0.2.0/33\"\n") != "");
  CHECK(fault("[[rule]]\nmatch.address = \"192.0.2.0/-1\"\n") != "");
  CHECK(fault("[[rule]]\nmatch.route-to = \"192.0.2.1\"\n") ==
        "f.toml:2:18: route-to: '192.0.2.1' is not 'ADDRESS dev DEVICE'");
  CHECK(fault("[[rule]]\nmatch.host = []\n") != "");
  for (const char* value :
       {"00-53-0a-01-02-03", "0:53:a:1:2:3", "00:53:0a:01:02:0", "router", "zz:*"})
    CHECK(fault("[[rule]]\nmatch.gateway-mac = \"" + std::string(value) + "\"\n") ==
          "f.toml:2:21: gateway-mac: '" + std::string(value) +
              "' is no link-layer address, such as 00:53:0a:01:02:03");
  for (const char* value : {"00:53:0A:01:02:03", "!00:53:*", "*", "??:53:0a:01:02:03", "a0:b1"})
    CHECK(fault("[[rule]]\nmatch.gateway-mac = \"" + std::string(value) + "\"\n").empty());
  CHECK(fault("[[rule]]\nmatch.port = 65536\n") == "f.toml:2:14: port: '65536' is no port");
  CHECK(fault("[[rule]]\nmatch.port = [22, \"22??\", \"!2222\", \"ssh\"]\n").empty());
  CHECK(fault("[[rule]]\nunless = {}\n") == "f.toml:2:10: an empty unless is never fulfilled");
}

}  // namespace gladhand::read_rules_test
