#include "strategy/route_text.hpp"

#include <doctest/doctest.h>

#include <string>

#include "gladhand/error.hpp"

namespace gladhand::route_text_test {

namespace {

const HostAndPort db = {"db.example", "22"};

// "patience | proxies | host port | command"
std::string read(std::string_view text, const HostAndPort& target = db) {
  const RouteText route = read_route(text, target);
  std::string result = route.patience ? std::to_string(route.patience->count()) : "";
  result += '|';
  for (const std::string& proxy : route.proxies) result += proxy + ' ';
  result += '|' + route.to.host + ' ' + route.to.port + '|';
  for (const std::string& word : route.command) result += '[' + word + ']';
  return result;
}

}  // namespace

TEST_CASE("direct is the target as it is") {
  CHECK(read("direct") == "||db.example 22|");
  CHECK(read("  direct ") == "||db.example 22|");
  CHECK(read("1.5s direct") == "1500000||db.example 22|");
}

TEST_CASE("another host, another port; what is not said is the target's") {
  CHECK(read("nas.lan") == "||nas.lan 22|");
  CHECK(read("500ms nas.lan:2222") == "500000||nas.lan 2222|");
  CHECK(read(":443") == "||db.example 443|");
  CHECK(read("%h.lan") == "||db.example.lan 22|");
  CHECK(read("[2001:db8::1]:2%p") == "||2001:db8::1 222|");
  CHECK(read("2001:db8::1") == "||2001:db8::1 22|");
  CHECK(read("fe80::1%eth0") == "||fe80::1%eth0 22|");
  CHECK(read("unix/run/ssh.sock") == "||unix/run/ssh.sock 22|");
  CHECK(read("vsock/3") == "||vsock/3 22|");
}

TEST_CASE("proxies come first, and lead to the target or to what follows") {
  CHECK(read("http://proxy:3128") == "|http://proxy:3128 |db.example 22|");
  CHECK(read("2s http://a socks5h://b direct") == "2000000|http://a socks5h://b |db.example 22|");
  CHECK(read("socks5h://b %h.lan:2222") == "|socks5h://b |db.example.lan 2222|");
}

TEST_CASE("a command has words, in which the target may stand") {
  CHECK(read("command ssh -W %h:%p bastion") ==
        "||db.example 22|[ssh][-W][db.example:22][bastion]");
  CHECK(read("10s command nc '%h' 100%%") == "10000000||db.example 22|[nc][db.example][100%]");
}

TEST_CASE("no shell is told to run what somebody has put into a host") {
  for (const char* host : {"$(reboot)", "a;b", "a`b`", "a'b", "-oProxyCommand=x", "a|b", "a&b"})
    CHECK_THROWS_AS(read("command sh -c 'nc %h %p'", {host, "22"}), UsageError);
  CHECK(read("command sh -c 'nc \"$GLADHAND_HOST\" %p'", {"a;b", "22"}) ==
        "||a;b 22|[sh][-c][nc \"$GLADHAND_HOST\" 22]");
  CHECK(read("command nc %h", {"fe80::1%eth0", "22"}) == "||fe80::1%eth0 22|[nc][fe80::1%eth0]");
}

TEST_CASE("what is no route is refused") {
  for (const char* text : {"",
                           " ",
                           "direct direct",
                           "nas.lan direct",
                           "nas.lan http://a",
                           "0s direct",
                           "command",
                           "command 'open",
                           "nas.lan:",
                           ":",
                           "http://a b c"})
    CHECK_THROWS_AS(read(text), UsageError);
}

}  // namespace gladhand::route_text_test
