#include "strategy/ssh_settings.hpp"

#include <doctest/doctest.h>

#include "gladhand/error.hpp"

namespace gladhand::ssh_settings_test {

// "key=value ..." of all settings.
std::string read(std::string_view output) {
  std::string text;
  for (const Setting& it : read_ssh_settings(output, "ssh -G db"))
    text += (text.empty() ? "" : " ") + it.key + '=' + it.values.front();
  return text;
}

TEST_CASE("what ssh leaves to the system sets nothing") {
  CHECK(read("host db\naddressfamily any\nconnecttimeout none\nconnectionattempts 1\n"
             "tcpkeepalive yes\nipqos none none\n")
            .empty());
  CHECK(read("").empty());
}

TEST_CASE("each of the keywords is an option") {
  CHECK(read("addressfamily inet\n") == "4=true");
  CHECK(read("addressfamily inet6\n") == "6=true");
  CHECK(read("bindaddress 192.0.2.1\n") == "bind=192.0.2.1");
  CHECK(read("bindinterface wg0\n") == "interface=wg0");
  CHECK(read("connecttimeout 5\n") == "timeout=5s");
  CHECK(read("connecttimeout 2147483647\n") == "timeout=86400s");
  CHECK(read("connectionattempts 3\n") == "attempts=3");
  CHECK(read("tcpkeepalive no\n") == "no-keepalive=true");
}

TEST_CASE("as in ssh, an interface counts only without an address") {
  CHECK(read("bindinterface wg0\nbindaddress 192.0.2.1\n") == "bind=192.0.2.1");
}

TEST_CASE("of IPQoS the first counts; names of RFC 1349 and numbers are whole octets") {
  CHECK(read("ipqos af21 cs1\n") == "dscp=af21");
  CHECK(read("ipqos lowdelay throughput\n") == "dscp=4");
  CHECK(read("ipqos throughput none\n") == "dscp=2");
  CHECK(read("ipqos 0xb8 0x00\n") == "dscp=46");
}

TEST_CASE("a setting says who has it") {
  const auto settings = read_ssh_settings("addressfamily inet\n", "ssh -G db");
  CHECK(to_string(settings.front().place) == "ssh -G db (AddressFamily inet)");
}

TEST_CASE("what is none of ssh's values is refused, with the line") {
  for (const char* line : {"addressfamily inet7\n",
                           "connecttimeout soon\n",
                           "connecttimeout -1\n",
                           "connectionattempts\x20\n",
                           "tcpkeepalive maybe\n",
                           "ipqos 0x100 none\n",
                           "ipqos 0xzz none\n"}) {
    CAPTURE(line);
    CHECK_THROWS_AS(read(line), UsageError);
  }
}

TEST_CASE("of what a failed ssh has written the line that says why") {
  CHECK(why_ssh_failed("").empty());
  CHECK(why_ssh_failed("Bad owner or permissions on config\r\n") ==
        "Bad owner or permissions on config");
  CHECK(why_ssh_failed("debug1: x\nconfig: line 3: Bad configuration option: nonsense\r\n"
                       "config: terminating, 1 bad configuration options\r\n") ==
        "config: line 3: Bad configuration option: nonsense");
  CHECK(why_ssh_failed("config: terminating, 1 bad\n") == "config: terminating, 1 bad");
}

TEST_CASE("a keyword is a whole word, its value the rest of the line") {
  CHECK(ssh_value("proxyusefdpass no\nproxycommand nc -X 5 %h %p\n", "ProxyCommand") ==
        "nc -X 5 %h %p");
  CHECK(ssh_value("hostname a\nhost b\n", "Host") == "b");
  CHECK_FALSE(ssh_value("hostname a\n", "Host"));
  CHECK_FALSE(ssh_value("host\n", "Host"));
}

}  // namespace gladhand::ssh_settings_test
