// Endpoints: the value itself, and literals read and written.
#include "gladhand/endpoint.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <string>

namespace gladhand::endpoint_test {

namespace {

Endpoint parsed(std::string_view text, std::uint16_t port = 22) {
  const auto endpoint = parse_address(text, port);
  REQUIRE_MESSAGE(endpoint, std::string(text));
  return *endpoint;
}

}  // namespace

TEST_CASE("the families know their names, their question and each other") {
  CHECK(std::string(to_string(Family::ipv6)) == "IPv6");
  CHECK(std::string(to_string(Family::ipv4)) == "IPv4");
  CHECK(std::string(question_type(Family::ipv6)) == "AAAA");
  CHECK(std::string(question_type(Family::ipv4)) == "A");
  CHECK(other(Family::ipv6) == Family::ipv4);
  CHECK(other(Family::ipv4) == Family::ipv6);
}

TEST_CASE("an endpoint is what sockaddr says") {
  in6_addr v6{};
  inet_pton(AF_INET6, "2001:db8::1", &v6);
  const Endpoint endpoint6(v6, 22, 7);
  CHECK(endpoint6.system_family() == AF_INET6);
  CHECK(endpoint6.family() == Family::ipv6);
  CHECK(endpoint6.port() == 22);
  CHECK(endpoint6.scope() == 7);
  CHECK(endpoint6.size() == sizeof(sockaddr_in6));
  sockaddr_in6 raw6{};
  std::memcpy(&raw6, endpoint6.data(), sizeof(raw6));
  CHECK(raw6.sin6_port == htons(22));
  CHECK(std::memcmp(&raw6.sin6_addr, &v6, sizeof(v6)) == 0);

  const Endpoint endpoint4(in_addr{htonl(0xc0000201)}, 65535);
  CHECK(endpoint4.system_family() == AF_INET);
  CHECK(endpoint4.family() == Family::ipv4);
  CHECK(endpoint4.port() == 65535);
  CHECK(endpoint4.scope() == 0);
  CHECK(endpoint4.size() == sizeof(sockaddr_in));
  sockaddr_in raw4{};
  std::memcpy(&raw4, endpoint4.data(), sizeof(raw4));
  CHECK(raw4.sin_addr.s_addr == htonl(0xc0000201));
}

TEST_CASE("an endpoint of another kind has no family and no port") {
  const Endpoint local = *Endpoint::unix_socket("/run/example");
  for (const Endpoint& endpoint : {Endpoint(), local, Endpoint::vsock(3, 22)}) {
    CHECK_FALSE(endpoint.family());
    CHECK(endpoint.port() == 0);
    CHECK(endpoint.scope() == 0);
    CHECK(endpoint.with_port(22) == endpoint);
    CHECK(with_port(endpoint) == to_string(endpoint));
  }
  CHECK(to_string(Endpoint()) == "(no address)");
  CHECK(to_string(local) == "/run/example");
  CHECK(to_string(Endpoint::vsock(3, 4294967294)) == "vsock:3:4294967294");
  CHECK(with_port(*parse_address("192.0.2.1", 22)) == "192.0.2.1 port 22");
  CHECK(Endpoint().system_family() == AF_UNSPEC);
  CHECK(Endpoint().size() == 0);
}

TEST_CASE("a Unix socket's path fits into an address or makes none, and is shown printable") {
  CHECK(to_string(*Endpoint::unix_socket(std::string(107, 'p'))) == std::string(107, 'p'));
  CHECK_FALSE(Endpoint::unix_socket(std::string(108, 'p')));
  CHECK_FALSE(Endpoint::unix_socket(""));
  CHECK_FALSE(Endpoint::unix_socket(std::string_view("/a\0b", 4)));
  CHECK(to_string(*Endpoint::unix_socket("/a\nb")) == "/a\\x0ab");
}

TEST_CASE("what is longer than a sockaddr_storage is cut") {
  std::array<char, sizeof(sockaddr_storage) + 100> bytes{};
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(22);
  std::memcpy(bytes.data(), &in6, sizeof(in6));
  const Endpoint endpoint(reinterpret_cast<const sockaddr*>(bytes.data()), bytes.size());
  CHECK(endpoint.size() == sizeof(sockaddr_storage));
  CHECK(endpoint.port() == 22);
}

TEST_CASE("endpoints are equal by content, and copies are independent") {
  const Endpoint endpoint = parsed("2001:db8::1");
  CHECK(endpoint == parsed("2001:db8:0:0::1"));
  CHECK_FALSE(endpoint == parsed("2001:db8::2"));
  CHECK_FALSE(endpoint == parsed("2001:db8::1", 23));
  CHECK_FALSE(endpoint == Endpoint(endpoint.mapped(), 22, 1));
  CHECK_FALSE(parsed("192.0.2.1") == parsed("::ffff:192.0.2.1"));
  CHECK(Endpoint() == Endpoint());
  CHECK_FALSE(Endpoint() == endpoint);
  CHECK_FALSE(endpoint == Endpoint());

  const Endpoint moved = endpoint.with_port(2222);
  CHECK(moved.port() == 2222);
  CHECK(endpoint.port() == 22);
  CHECK(moved.with_port(22) == endpoint);
  CHECK(parsed("192.0.2.1").with_port(80) == parsed("192.0.2.1", 80));
}

TEST_CASE("[RFC 6724 §3.2] an IPv4 address is read as ::ffff:a.b.c.d") {
  const in6_addr mapped = parsed("192.0.2.7").mapped();
  const in6_addr same = parsed("::ffff:192.0.2.7").mapped();
  CHECK(std::memcmp(&mapped, &same, sizeof(mapped)) == 0);
  const in6_addr v6 = parsed("2001:db8::7").mapped();
  CHECK(v6.s6_addr[0] == 0x20);
  CHECK(v6.s6_addr[15] == 7);
}

TEST_CASE("literals are read, and written in their shortest form [RFC 5952 §4]") {
  const struct {
    const char* text;
    const char* expected;
  } table[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:db8::1", "2001:db8::1"},
      {"2001:DB8::ABCD", "2001:db8::abcd"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
      {"fe80::1", "fe80::1"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.text));
    const Endpoint endpoint = parsed(row.text, 2222);
    CHECK(to_string(endpoint) == row.expected);
    CHECK(endpoint.port() == 2222);
    CHECK(parsed(to_string(endpoint), 2222) == endpoint);
  }
}

TEST_CASE("anything else is no literal") {
  for (const char* text : {"",
                           " ",
                           "db.example",
                           "192.0.2",
                           "192.0.2.",
                           "192.0.2.1.",
                           "192.0.2.256",
                           "192.0.2.1.1",
                           "192.0.2.01",
                           "0x7f.0.0.1",
                           "3221225985",
                           " 192.0.2.1",
                           "192.0.2.1 ",
                           "192.0.2.1:22",
                           "192.0.2.1/24",
                           "192.0.2.-1",
                           "192.0.2.1%lo",
                           ":",
                           ":::",
                           "1::2::3",
                           "2001:db8",
                           "2001:db8::g",
                           "2001:db8::12345",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7",
                           "[2001:db8::1]",
                           "2001:db8::1/64",
                           " 2001:db8::1",
                           "2001:db8::1 ",
                           "::ffff:192.0.2.256",
                           "2001:db8::1%",
                           "%lo",
                           "lo"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_address(text, 22));
  }
}

TEST_CASE("a NUL byte does not end a literal early") {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"192.0.2.1\0"sv, "192.0.2.1\0.example"sv, "2001:db8::1\0"sv, "2001:db8::1\0%lo"sv, "\0"sv})
    CHECK_FALSE(parse_address(text, 22));
}

TEST_CASE("a zone is an interface's name or its index") {
  for (const std::string zone : {"eth0", "2"}) {
    const Endpoint endpoint = parsed("fe80::1%" + zone);
    CHECK(endpoint.scope() == 2);
    CHECK(to_string(endpoint) == "fe80::1%eth0");
    CHECK(parsed(to_string(endpoint)) == endpoint);
  }
}

TEST_CASE("a zone that names no interface of this machine makes no endpoint") {
  for (const char* text : {"fe80::1%",
                           "fe80::1%no-such-if",
                           "fe80::1%0",
                           "fe80::1%-1",
                           "fe80::1%+1",
                           "fe80::1%1x",
                           "fe80::1%lo%lo",
                           "fe80::1%4294967296",
                           "fe80::1%99999999999999999999"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_address(text, 22));
  }
}

TEST_CASE("an index that names no interface of this machine makes no endpoint") {
  CHECK_FALSE(parse_address("fe80::1%4294967295", 22));
}

TEST_CASE("a zone whose interface is gone is written as its index") {
  CHECK(to_string(Endpoint(parsed("fe80::1").mapped(), 22, 4294967295U)) == "fe80::1%4294967295");
}

TEST_CASE("only a text with a colon can be meant as IPv6") {
  for (const char* text : {"::", "2001:db8::1", "fe80::1%lo", "db:22", ":"})
    CHECK(looks_like_ipv6(text));
  for (const char* text : {"", "192.0.2.1", "db.example", "dead.beef"})
    CHECK_FALSE(looks_like_ipv6(text));
}

}  // namespace gladhand::endpoint_test
