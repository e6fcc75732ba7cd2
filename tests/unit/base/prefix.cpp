#include "base/prefix.hpp"

#include <doctest/doctest.h>

#include <string>

#include "gladhand/endpoint.hpp"

namespace gladhand::prefix_test {

namespace {

in6_addr bits(const char* text) {
  return parse_address(text, 0).value().mapped();
}

}  // namespace

TEST_CASE("a block is an address and a length, IPv4's counted in 32 bits") {
  const struct {
    const char* text;
    int length;  // -1: no block
  } table[] = {
      {"192.0.2.0/24", 120},
      {"192.0.2.1", 128},
      {"0.0.0.0/0", 96},
      {"2001:db8::/32", 32},
      {"::/0", 0},
      {"::1/128", 128},
      {"192.0.2.0/33", -1},
      {"192.0.2.0/-1", -1},
      {"::/129", -1},
      {"192.0.2.0/", -1},
      {"192.0.2.0/24 ", -1},
      {"192.0.2.0/2x", -1},
      {"192.0.2/24", -1},
      {"fe80::1%1/64", -1},
      {"/24", -1},
      {"", -1},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.text));
    const auto prefix = parse_prefix(row.text);
    CHECK((prefix ? prefix->length : -1) == row.length);
  }
}

TEST_CASE("an address lies in the blocks of its own family whose bits it begins with") {
  const struct {
    const char* address;
    const char* prefix;
    bool expected;
  } table[] = {
      {"192.0.2.255", "192.0.2.0/24", true},
      {"192.0.3.0", "192.0.2.0/24", false},
      {"192.0.2.1", "192.0.2.77/24", true},  // bits behind the length do not count
      {"192.0.2.1", "0.0.0.0/0", true},
      {"192.0.2.1", "::/0", false},
      {"2001:db8::1", "::/0", true},
      {"2001:db8::1", "0.0.0.0/0", false},
      {"2001:db8::1", "2001:db8::/32", true},
      {"2001:db9::1", "2001:db8::/32", false},
      {"2001:db8::1", "2001:db8::1", true},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.address));
    CAPTURE(std::string(row.prefix));
    CHECK(has_prefix(bits(row.address), parse_prefix(row.prefix).value()) == row.expected);
  }
}

TEST_CASE("the common prefix of two addresses is counted in bits") {
  const struct {
    const char* a;
    const char* b;
    int expected;
  } table[] = {
      {"::", "8000::", 0},
      {"::", "4000::", 1},
      {"2001:db8::", "2001:db9::", 31},
      {"2001:db8::1", "2001:db8:8000::1", 32},
      {"2001:db8::1", "2001:db8::8000:0:0:1", 64},
      {"2001:db8::8", "2001:db8::9", 127},
      {"2001:db8::1", "2001:db8::1", 128},
      {"192.0.2.1", "198.51.100.1", 101},
      {"192.0.2.1", "::ffff:192.0.2.1", 128},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.a));
    CHECK(common_prefix_length(bits(row.a), bits(row.b)) == row.expected);
    CHECK(common_prefix_length(bits(row.b), bits(row.a)) == row.expected);
  }
}

}  // namespace gladhand::prefix_test
