// NAT64: the prefixes of a network, and IPv4 addresses in and out of them.
#include "names/nat64.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>

namespace gladhand::nat64_test {

namespace {

Endpoint address(const char* text) {
  return *parse_address(text, 22);
}

std::string prefixes(const std::vector<const char*>& texts) {
  std::vector<Endpoint> addresses;
  for (const char* text : texts) addresses.push_back(address(text));
  std::string result;
  for (const Nat64Prefix& prefix : nat64_prefixes_in(addresses)) result += to_string(prefix) + ' ';
  return result;
}

// "" for what is not to go that way.
std::string through(const char* prefix, const char* ipv4) {
  const auto made = synthesize(*parse_nat64_prefix(prefix), address(ipv4));
  return made ? to_string(*made) : "";
}

std::string inside(const char* prefix, const char* ipv6) {
  const std::vector<Nat64Prefix> list = {*parse_nat64_prefix(prefix)};
  const auto found = ipv4_in(address(ipv6), list);
  return found ? to_string(Endpoint(*found, 0)) : "";
}

struct Example {
  const char* prefix;
  const char* made;  ///< of 192.0.2.33
};

// [RFC 6052 §2.4]
constexpr Example examples[] = {
    {"2001:db8::/32", "2001:db8:c000:221::"},
    {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
    {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
    {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
    {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100:0"},
    {"2001:db8:122:344::/96", "2001:db8:122:344::c000:221"},
};

}  // namespace

TEST_CASE("[RFC 6052 §2.4] six lengths, in and out") {
  for (const Example& it : examples) {
    CHECK(through(it.prefix, "192.0.2.33") == to_string(address(it.made)));
    CHECK(inside(it.prefix, it.made) == "192.0.2.33");
    CHECK(to_string(*parse_nat64_prefix(it.prefix)) == it.prefix);
  }
}

TEST_CASE(
    "[RFC 7050 §3] a prefix is found by the address that is known to be in it, at each length") {
  for (const Example& it : examples)
    for (const char* known : {"192.0.0.170", "192.0.0.171"})
      CHECK(prefixes({through(it.prefix, known).c_str()}) == std::string(it.prefix) + ' ');
}

TEST_CASE("several prefixes, each once, in the order of the answer, and not too many") {
  CHECK(prefixes({"64:ff9b::c000:aa", "64:ff9b::c000:ab", "2001:db8::c000:aa"}) ==
        "64:ff9b::/96 2001:db8::/96 ");
  CHECK(prefixes({"2001:db8:1::c000:aa",
                  "2001:db8:2::c000:aa",
                  "2001:db8:3::c000:aa",
                  "2001:db8:4::c000:aa",
                  "2001:db8:5::c000:aa"}) ==
        "2001:db8:1::/96 2001:db8:2::/96 2001:db8:3::/96 2001:db8:4::/96 ");
}

TEST_CASE("addresses that tell no prefix") {
  CHECK(prefixes({}) == "");
  CHECK(prefixes({"2001:db8::1", "192.0.0.170", "64:ff9b::c000:ac"}) == "");
  CHECK(prefixes({"2001:db8:c000:aa::c000:aa"}) == "");   // at two places
  CHECK(prefixes({"2001:db8:1:c000:100:aa00::"}) == "");  // octet 8 is not 0
}

TEST_CASE("[HEv3 §8.3] what is never synthesized") {
  for (const char* never :
       {"0.0.0.1", "127.0.0.1", "127.255.255.255", "169.254.1.1", "224.0.0.1", "255.255.255.255"}) {
    CHECK(through("2001:db8::/96", never) == "");
    CHECK_FALSE(may_be_synthesized(address(never)));
  }
  CHECK_FALSE(may_be_synthesized(address("2001:db8::1")));
  for (const char* often : {"1.1.1.1", "126.0.0.1", "128.0.0.1", "169.253.0.1", "223.255.255.255"})
    CHECK(through("2001:db8::/96", often) != "");
}

TEST_CASE("[RFC 6052 §3.1] the well-known prefix is for global addresses") {
  for (const char* own : {"10.0.0.1",
                          "100.64.0.1",
                          "172.16.0.1",
                          "172.31.255.255",
                          "192.168.1.1",
                          "192.0.0.8",
                          "192.0.2.1",
                          "198.18.0.1",
                          "198.51.100.1",
                          "203.0.113.1"}) {
    CHECK(through("64:ff9b::/96", own) == "");
    CHECK(through("2001:db8::/96", own) != "");
  }
  for (const char* global : {"8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1"})
    CHECK(through("64:ff9b::/96", global) != "");
}

TEST_CASE("[HEv3 §8.2] only what would have been made of it stands for an IPv4 address") {
  CHECK(inside("64:ff9b::/96", "64:ff9b::808:808") == "8.8.8.8");
  CHECK(inside("64:ff9b::/96", "64:ff9b::7f00:1") == "");
  CHECK(inside("64:ff9b::/96", "64:ff9b:1::808:808") == "");
  CHECK(inside("2001:db8::/32", "2001:db8:808:808::") == "8.8.8.8");
  CHECK(inside("2001:db8::/32", "2001:db8:808:808::1") == "");  // a host beside the NAT64
  CHECK(inside("2001:db8::/96", "8.8.8.8") == "");
}

TEST_CASE("prefixes as people write them") {
  for (const char* bad : {"",
                          "64:ff9b::",
                          "64:ff9b::/95",
                          "64:ff9b::/",
                          "64:ff9b::/96x",
                          "64:ff9b::1/96",
                          "10.0.0.0/96",
                          "fe80::%lo/64",
                          "64:ff9b::/-96",
                          "2001:db8:0:0:100::/96"})
    CHECK_FALSE(parse_nat64_prefix(bad));
}

}  // namespace gladhand::nat64_test
