// The policy table: the default of [RFC 6724 §2.1], scopes, and what a gai.conf(5) changes.
#include "race/policy.hpp"

#include <doctest/doctest.h>

#include <string>

namespace gladhand::policy_test {

namespace {

Endpoint at(std::string_view address) {
  return parse_address(address, 22).value();
}

}  // namespace

TEST_CASE("[RFC 6724 §2.1] the default table gives every address its precedence and label") {
  const struct {
    const char* address;
    int precedence;
    int label;
  } table[] = {
      {"::1", 50, 0},
      {"2001:db8::1", 40, 1},
      {"2001:1::1", 40, 1},  // the first prefix behind Teredo
      {"64:ff9b::192.0.2.1", 40, 1},
      {"fe80::1", 40, 1},
      {"ff02::1", 40, 1},
      {"192.0.2.1", 35, 4},
      {"127.0.0.1", 35, 4},
      {"::ffff:192.0.2.1", 35, 4},
      {"2002::", 30, 2},  // 6to4
      {"2002:c000:201::1", 30, 2},
      {"2003::1", 40, 1},
      {"2001::1", 5, 5},  // Teredo
      {"2001:0:ffff:ffff:ffff:ffff:ffff:ffff", 5, 5},
      {"fc00::1", 3, 13},  // unique local
      {"fdff:ffff::1", 3, 13},
      {"fbff::1", 40, 1},
      {"fe00::1", 40, 1},
      {"::", 1, 3},  // IPv4-compatible
      {"::2", 1, 3},
      {"::192.0.2.1", 1, 3},
      {"::1:0:0:0", 40, 1},
      {"fec0::1", 1, 11},  // site-local
      {"feff:ffff::1", 1, 11},
      {"febf::1", 40, 1},
      {"3ffe::1", 1, 12},  // 6bone
      {"3fff::1", 40, 1},
  };
  const PolicyTable policy;
  for (const auto& row : table) {
    CAPTURE(std::string(row.address));
    CHECK(policy.precedence(at(row.address)) == row.precedence);
    CHECK(policy.label(at(row.address)) == row.label);
  }
  CHECK(policy.preferred_family() == Family::ipv6);
}

TEST_CASE("[RFC 6724 §3.1] an address has a scope") {
  const struct {
    const char* address;
    int scope;
  } table[] = {
      {"2001:db8::1", 14},
      {"fd00::1", 14},
      {"2002:c000:201::1", 14},
      {"::1", 2},
      {"fe80::1", 2},
      {"febf::1", 2},
      {"fec0::1", 5},
      {"feff::1", 5},
      {"ff01::1", 1},
      {"ff02::1", 2},
      {"ff05::1", 5},
      {"ff08::1", 8},
      {"ff0e::1", 14},
      {"ff32::1", 2},  // flags do not count
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.address));
    CHECK(PolicyTable().scope(at(row.address)) == row.scope);
  }
}

TEST_CASE("[RFC 6724 §3.2] an IPv4 address has a scope, and private ones are global") {
  const struct {
    const char* address;
    int scope;
  } table[] = {
      {"169.254.0.1", 2},
      {"169.254.255.255", 2},
      {"169.253.255.255", 14},
      {"169.255.0.0", 14},
      {"127.0.0.1", 2},
      {"127.255.255.255", 2},
      {"126.255.255.255", 14},
      {"128.0.0.0", 14},
      {"192.0.2.1", 14},
      {"10.0.0.1", 14},
      {"172.16.0.1", 14},
      {"192.168.0.1", 14},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.address));
    CHECK(PolicyTable().scope(at(row.address)) == row.scope);
  }
}

TEST_CASE("[RFC 6724 §3.2] an IPv4-mapped address has the scope of its IPv4 address") {
  for (const char* ipv4 : {"192.0.2.1", "127.0.0.1", "169.254.0.1"}) {
    CAPTURE(std::string(ipv4));
    CHECK(PolicyTable().scope(at(std::string("::ffff:") + ipv4)) == PolicyTable().scope(at(ipv4)));
  }
}

TEST_CASE("gai.conf: one precedence line replaces all precedences, and no label") {
  const auto policy = PolicyTable::from_gai_conf("precedence ::ffff:0:0/96 100\n");
  CHECK(policy.precedence(at("192.0.2.1")) == 100);
  for (const char* address : {"::1",
                              "2001:db8::1",
                              "2002:c000:201::1",
                              "2001::1",
                              "fd00::1",
                              "::",
                              "fec0::1",
                              "3ffe::1"}) {
    CAPTURE(std::string(address));
    CHECK(policy.precedence(at(address)) == 40);
    CHECK(policy.label(at(address)) == PolicyTable().label(at(address)));
  }
  CHECK(policy.label(at("192.0.2.1")) == 4);
  CHECK(policy.scope(at("127.0.0.1")) == 2);
  CHECK(policy.preferred_family() == Family::ipv4);
}

TEST_CASE("gai.conf: one label line replaces all labels, and no precedence") {
  const auto policy = PolicyTable::from_gai_conf("label 2001:db8::/32 99\n");
  CHECK(policy.label(at("2001:db8::1")) == 99);
  for (const char* address : {"::1", "192.0.2.1", "2002:c000:201::1", "fd00::1"}) {
    CAPTURE(std::string(address));
    CHECK(policy.label(at(address)) == 1);
    CHECK(policy.precedence(at(address)) == PolicyTable().precedence(at(address)));
  }
  CHECK(policy.preferred_family() == Family::ipv6);
}

TEST_CASE("gai.conf: one scopev4 line replaces all IPv4 scopes, and no IPv6 one") {
  for (const char* text : {"scopev4 ::ffff:192.0.2.0/120 5\n", "scopev4 192.0.2.0/24 5\n"}) {
    CAPTURE(std::string(text));
    const auto policy = PolicyTable::from_gai_conf(text);
    CHECK(policy.scope(at("192.0.2.255")) == 5);
    CHECK(policy.scope(at("192.0.3.0")) == 14);
    CHECK(policy.scope(at("169.254.0.1")) == 14);
    CHECK(policy.scope(at("127.0.0.1")) == 14);
    CHECK(policy.scope(at("fe80::1")) == 2);
    CHECK(policy.scope(at("::1")) == 2);
    CHECK(policy.precedence(at("192.0.2.1")) == 35);
    CHECK(policy.label(at("192.0.2.1")) == 4);
  }
}

TEST_CASE("gai.conf: an IPv4 prefix is mapped, dotted ones are for scopev4 alone") {
  const auto policy = PolicyTable::from_gai_conf(
      "precedence ::ffff:192.0.2.0/120 7\nlabel ::ffff:192.0.2.0/120 8\n"
      "precedence 192.0.2.0/25 9\nlabel 192.0.2.0/25 9\n");
  CHECK(policy.precedence(at("192.0.2.1")) == 7);
  CHECK(policy.precedence(at("198.51.100.1")) == 40);
  CHECK(policy.precedence(at("2001:db8::1")) == 40);
  CHECK(policy.label(at("192.0.2.1")) == 8);
  CHECK(policy.label(at("198.51.100.1")) == 1);
}

TEST_CASE("gai.conf: the longest prefix counts, whatever the order of the lines") {
  for (const char* text : {"precedence ::/0 1\nprecedence 2001:db8::/32 2\n"
                           "precedence 2001:db8:1::/48 3\nprecedence 2001:db8:1::1/128 4\n",
                           "precedence 2001:db8:1::1/128 4\nprecedence 2001:db8:1::/48 3\n"
                           "precedence 2001:db8::/32 2\nprecedence ::/0 1\n"}) {
    const auto policy = PolicyTable::from_gai_conf(text);
    CHECK(policy.precedence(at("2001:db9::1")) == 1);
    CHECK(policy.precedence(at("2001:db8:2::1")) == 2);
    CHECK(policy.precedence(at("2001:db8:1::2")) == 3);
    CHECK(policy.precedence(at("2001:db8:1::1")) == 4);
  }
}

TEST_CASE("gai.conf: a prefix without a length is one address") {
  const auto policy =
      PolicyTable::from_gai_conf("precedence 2001:db8::1 7\nprecedence ::ffff:192.0.2.1 8\n");
  CHECK(policy.precedence(at("2001:db8::1")) == 7);
  CHECK(policy.precedence(at("2001:db8::2")) == 40);
  CHECK(policy.precedence(at("192.0.2.1")) == 8);
  CHECK(policy.precedence(at("192.0.2.2")) == 40);
}

TEST_CASE("gai.conf: comments, blanks and line ends do not count") {
  for (const char* text : {"precedence ::/0 7",
                           "precedence ::/0 7\n",
                           "precedence ::/0 7\r\n",
                           "  precedence\t::/0 \t 7  \n",
                           "# precedence ::/0 1\nprecedence ::/0 7\n",
                           "precedence ::/0 7 # IPv6\n",
                           "precedence ::/0 7# IPv6\n",
                           "\n\n\nprecedence ::/0 7\n\n",
                           "reload yes\nprecedence ::/0 7\n"}) {
    CAPTURE(std::string(text));
    CHECK(PolicyTable::from_gai_conf(text).precedence(at("2001:db8::1")) == 7);
  }
}

TEST_CASE("gai.conf: what follows the value on its line is passed over, as in glibc") {
  const auto policy = PolicyTable::from_gai_conf("precedence ::ffff:0:0/96 100 prefer IPv4\n");
  CHECK(policy.precedence(at("192.0.2.1")) == 100);
}

TEST_CASE("gai.conf: a line that cannot be read is skipped, and changes nothing") {
  for (const char* line : {"",
                           "#precedence ::/0 7",
                           "precedence",
                           "precedence ::/0",
                           "precedence ::/0 seven",
                           "precedence ::/0 7x",
                           "precedence ::/0 99999999999999",
                           "precedence ::/x 7",
                           "precedence ::/ 7",
                           "precedence ::/129 7",
                           "precedence ::/-1 7",
                           "precedence 192.0.2.0/24 7",
                           "precedence 192.0.2.0/33 7",
                           "precedence fe80::%lo/64 7",
                           "label 192.0.2.0/24 7",
                           "label ::1%lo 7",
                           "precedence 192.0.2/24 7",
                           "precedence /0 7",
                           "precedence nonsense 7",
                           "preference ::/0 7",
                           "Precedence ::/0 7",
                           "::/0 7",
                           "::/0 precedence 7",
                           "label ::/0",
                           "label ::/129 7",
                           "scopev4 192.0.2.0/33 7",
                           "scopev4 nonsense 7",
                           "scopev4 ::ffff:0:0/95 7",
                           "scopev4 2001:db8::/120 7",
                           "scopev4 ::/0 7",
                           "reload yes"}) {
    CAPTURE(std::string(line));
    const auto policy = PolicyTable::from_gai_conf(std::string(line) + '\n');
    for (const char* address : {"2001:db8::1", "192.0.2.1", "::1", "169.254.0.1", "fd00::1"}) {
      CHECK(policy.precedence(at(address)) == PolicyTable().precedence(at(address)));
      CHECK(policy.label(at(address)) == PolicyTable().label(at(address)));
      CHECK(policy.scope(at(address)) == PolicyTable().scope(at(address)));
    }
    const auto with_good_line =
        PolicyTable::from_gai_conf(std::string(line) + "\nprecedence ::ffff:0:0/96 100\n");
    CHECK(with_good_line.precedence(at("192.0.2.1")) == 100);
    CHECK(with_good_line.precedence(at("2001:db8::1")) == 40);
  }
}

TEST_CASE("the preferred family is IPv6 unless ordinary IPv4 addresses rank higher") {
  const struct {
    const char* text;
    Family expected;
  } table[] = {
      {"", Family::ipv6},
      {"precedence ::ffff:0:0/96 100\n", Family::ipv4},
      {"precedence ::ffff:0:0/96 41\n", Family::ipv4},
      {"precedence ::ffff:0:0/96 40\n", Family::ipv6},
      {"precedence ::ffff:0:0/96 10\n", Family::ipv6},
      {"precedence ::/0 40\nprecedence ::ffff:0:0/96 100\n", Family::ipv4},
      {"precedence ::/0 200\nprecedence ::ffff:0:0/96 100\n", Family::ipv6},
      {"precedence ::ffff:10.0.0.0/104 100\n", Family::ipv6},
      {"label ::ffff:0:0/96 100\n", Family::ipv6},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.text));
    const auto policy = PolicyTable::from_gai_conf(row.text);
    const bool as_expected = policy.preferred_family() == row.expected;
    CHECK(as_expected);
  }
}

}  // namespace gladhand::policy_test
