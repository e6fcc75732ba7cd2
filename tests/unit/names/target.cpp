// What HOST and PORT mean.
#include "gladhand/target.hpp"

#include <doctest/doctest.h>

#include <string>

#include "gladhand/error.hpp"

namespace gladhand::target_test {

namespace {

constexpr std::string_view services =
    "# services(5)\n"
    "discard\t9/tcp sink null\n"
    "ssh 22/tcp # SSH Remote Login Protocol\n"
    "syslog 514/udp\n"
    "shell 514/tcp cmd syslog-tcp\n"
    "twice 1001/tcp\n"
    "twice 1002/tcp\n"
    "zero 0/tcp\n"
    "big 65536/tcp\n"
    "dccp-only 5000/dccp\n"
    "nothing\n"
    "last 65535/tcp";

// The message of the UsageError, or "accepted".
std::string refusal(std::string_view host, std::string_view port = "22") {
  try {
    parse_target(host, port, services);
  } catch (const UsageError& error) {
    CHECK(error.status() == ExitStatus::usage);
    return error.what();
  }
  return "accepted";
}

std::string name_refusal(std::string_view name) {
  try {
    check_name(name);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a port is a number from 1 to 65535") {
  CHECK(parse_port("1") == 1);
  CHECK(parse_port("22") == 22);
  CHECK(parse_port("65535") == 65535);
  CHECK(parse_port("0022") == 22);
  for (const char* text : {"",
                           "0",
                           "00",
                           "65536",
                           "65558",
                           "99999999999999999999",
                           "4294967318",
                           "-1",
                           "+22",
                           " 22",
                           "22 ",
                           "22x",
                           "x22",
                           "0x16",
                           "2.2",
                           "22\n",
                           "ssh"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_port(text));
  }
  CHECK_FALSE(parse_port(std::string_view("22\0", 3)));
}

TEST_CASE("[services(5)] a port may be the name or an alias of a TCP service") {
  const struct {
    const char* service;
    int expected;
  } table[] = {
      {"ssh", 22},
      {"discard", 9},
      {"sink", 9},
      {"null", 9},
      {"cmd", 514},
      {"shell", 514},
      {"twice", 1001},
      {"last", 65535},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.service));
    const Target target = parse_target("db.example", row.service, services);
    CHECK(target.port == row.expected);
    CHECK(target.service == row.service);
  }
}

TEST_CASE("[services(5)] anything else is refused, in words that say why") {
  const struct {
    const char* port;
    const char* expected;
  } table[] = {
      {"", "the port is missing"},
      {"0", "port '0' is not between 1 and 65535"},
      {"65536", "port '65536' is not between 1 and 65535"},
      {"-1", "port '-1' is not between 1 and 65535"},
      {"99999999999999999999", "port '99999999999999999999' is not between 1 and 65535"},
      {"nosuch", "port 'nosuch' is neither a number nor a TCP service name"},
      {"syslog", "port 'syslog' is neither a number nor a TCP service name"},
      {"dccp-only", "port 'dccp-only' is neither a number nor a TCP service name"},
      {"zero", "port 'zero' is neither a number nor a TCP service name"},
      {"big", "port 'big' is neither a number nor a TCP service name"},
      {"nothing", "port 'nothing' is neither a number nor a TCP service name"},
      {"Remote", "port 'Remote' is neither a number nor a TCP service name"},
      {"22/tcp", "port '22/tcp' is neither a number nor a TCP service name"},
      {"#", "port '#' is neither a number nor a TCP service name"},
      {"22 ", "port '22 ' is neither a number nor a TCP service name"},
      {"s\nh", "port 's\\x0ah' is neither a number nor a TCP service name"},
  };
  for (const auto& [port, expected] : table) CHECK(refusal("db.example", port) == expected);
  CHECK_THROWS_AS(parse_target("db.example", "http", ""), UsageError);
}

TEST_CASE("ssh is a port without services(5), which has the first word") {
  CHECK(parse_target("db.example", "ssh", "").port == 22);
  CHECK(parse_target("db.example", "ssh", "ssh 2222/tcp\n").port == 2222);
}

TEST_CASE("[inet_aton(3)] what getaddrinfo(3) reads as an IPv4 address is one") {
  const struct {
    const char* host;
    const char* address;
  } table[] = {
      {"127.1", "127.0.0.1"},
      {"192.0.513", "192.0.2.1"},
      {"0x7f.1", "127.0.0.1"},
      {"0x7f000001", "127.0.0.1"},
      {"2130706433", "127.0.0.1"},
      {"010.0.0.1", "8.0.0.1"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.host));
    const Target target = parse_target(row.host, "22", services);
    CHECK(target.literal == parse_address(row.address, 22));
    CHECK(target.name == "");
    CHECK(name_refusal(row.host) ==
          "host '" + std::string(row.host) + "' is an address, not a name");
  }
}

TEST_CASE("a host that is no literal is a name") {
  for (const char* host : {"db.example",
                           "db.example.",
                           "db",
                           "localhost",
                           "_ssh._tcp.db.example",
                           "xn--4ca.example",
                           "DB.Example",
                           "1.example",
                           "web.1",
                           "node.01",
                           "192.0.2.256",
                           "192.0.2.1.",
                           "1.2.3.4.5",
                           "0x",
                           "08",
                           "192.0.2.1.example"}) {
    CAPTURE(std::string(host));
    const Target target = parse_target(host, "22", services);
    CHECK(target.host == host);
    CHECK(target.name == host);
    CHECK(target.service == "22");
    CHECK(target.port == 22);
    CHECK_FALSE(target.literal);
  }
}

TEST_CASE("a literal needs no name, with or without brackets") {
  const struct {
    const char* text;
    const char* host;
    Family family;
  } table[] = {
      {"192.0.2.1", "192.0.2.1", Family::ipv4},
      {"2001:db8::1", "2001:db8::1", Family::ipv6},
      {"[2001:db8::1]", "2001:db8::1", Family::ipv6},
      {"2001:DB8:0::1", "2001:DB8:0::1", Family::ipv6},
      {"::1", "::1", Family::ipv6},
      {"[::1]", "::1", Family::ipv6},
      {"fe80::1%lo", "fe80::1%lo", Family::ipv6},
      {"[fe80::1%lo]", "fe80::1%lo", Family::ipv6},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.text));
    const Target target = parse_target(row.text, "ssh", services);
    REQUIRE(target.literal);
    CHECK(target.host == row.host);
    CHECK(target.name == "");
    CHECK(target.service == "ssh");
    CHECK(target.port == 22);
    CHECK(target.literal == parse_address(row.host, 22));
    CHECK(target.literal->family().value() == row.family);
  }
}

TEST_CASE("a host that can mean nothing is refused, in words that say why") {
  const struct {
    const char* host;
    const char* expected;
  } table[] = {
      {"", "the host is empty"},
      {"[]", "host '[]': only an IPv6 address may be in brackets"},
      {"[", "host '[' has an opening bracket without its closing one"},
      {"[2001:db8::1", "host '[2001:db8::1' has an opening bracket without its closing one"},
      {"[::1]:22", "host '[::1]:22' has an opening bracket without its closing one"},
      {"[192.0.2.1]", "host '[192.0.2.1]': only an IPv6 address may be in brackets"},
      {"[db.example]", "host '[db.example]': only an IPv6 address may be in brackets"},
      {"2001:db8::g", "host '2001:db8::g' is not an IPv6 address"},
      {"2001:db8::1]", "host '2001:db8::1]' is not an IPv6 address"},
      {"db.example:22", "host 'db.example:22' is not an IPv6 address"},
      {"192.0.2.1:22", "host '192.0.2.1:22' is not an IPv6 address"},
      {"fe80::1%no-such-if", "host 'fe80::1%no-such-if': there is no interface 'no-such-if'"},
      {"[fe80::1%]", "host 'fe80::1%': there is no interface ''"},
      {"fe80::g%lo", "host 'fe80::g%lo' is not an IPv6 address"},
      {"-oProxyCommand=x", "host '-oProxyCommand=x' begins with '-'"},
      {"db example", "host 'db example' holds a blank or a control character"},
      {"db%lo", "host 'db%lo' has a zone, which only an IPv6 address can have"},
      {"192.0.2.1%lo", "host '192.0.2.1%lo' has a zone, which only an IPv6 address can have"},
      {"db..example", "host 'db..example' has an empty label"},
      {"it's a", "host 'it\\x27s a' holds a blank or a control character"},
  };
  for (const auto& [host, expected] : table) CHECK(refusal(host) == expected);
}

TEST_CASE("a bad port is told before a bad host, and both before any traffic") {
  CHECK(refusal("", "") == "the port is missing");
  CHECK(refusal("", "22") == "the host is empty");
}

TEST_CASE("[RFC 1035 §2.3.4] a label has 1 to 63 octets") {
  const std::string label(63, 'a');
  CHECK_NOTHROW(check_name("a"));
  CHECK_NOTHROW(check_name(label));
  CHECK_NOTHROW(check_name(label + '.' + label + "."));
  CHECK(name_refusal(label + 'a').ends_with(" has a label of more than 63 octets"));
  CHECK(name_refusal("db." + label + "a.example").ends_with(" has a label of more than 63 octets"));
  for (const char* name : {".", "..", ".db", "db..", "db..example", "db.example.."}) {
    CAPTURE(std::string(name));
    CHECK(name_refusal(name) == "host '" + std::string(name) + "' has an empty label");
  }
}

TEST_CASE("[RFC 1035 §2.3.4] a name has 253 octets at most, its trailing dot not counted") {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  REQUIRE(longest.size() == 253);
  CHECK_NOTHROW(check_name(longest));
  CHECK_NOTHROW(check_name(longest + '.'));
  CHECK(name_refusal(longest + 'a').ends_with(" is longer than 253 octets"));
  CHECK(name_refusal(longest + "a.").ends_with(" is longer than 253 octets"));
}

TEST_CASE("a name holds no blank and no control character") {
  for (int byte = 0; byte < 128; ++byte) {
    CAPTURE(byte);
    const std::string name = std::string("d") + static_cast<char>(byte) + "b.example";
    const bool refused = name_refusal(name).ends_with(" holds a blank or a control character");
    CHECK(refused == (byte <= 0x20 || byte == 0x7f));
  }
  CHECK_NOTHROW(check_name("db-1.example"));
  CHECK_NOTHROW(check_name("_ssh._tcp.example"));
}

TEST_CASE(
    "targets are written as systemd-ssh-proxy(1) takes them, with a slash or a percent sign") {
  using Kind = Target::Kind;
  for (const char* mark : {"/", "%"}) {
    CAPTURE(mark);
    const std::string m = mark;
    const Target local = parse_target("unix" + m + "/run/ssh", "", "");
    CHECK(local.kind == Kind::unix_socket);
    CHECK(local.path == "/run/ssh");
    CHECK(parse_target("unix" + m + "./ssh", "22", "").path == "./ssh");
    CHECK(parse_target("unix" + m + "run/ssh", "22", "").path == "/run/ssh");
    const Target guest = parse_target("vsock" + m + "4294967294", "65536", "");
    CHECK(guest.kind == Kind::vsock);
    CHECK(*guest.literal == Endpoint::vsock(4294967294, 65536));
    CHECK(*parse_target("vsock" + m + "local", "22", "").literal == Endpoint::vsock(1, 22));
    CHECK(*parse_target("vsock" + m + "host", "22", "").literal == Endpoint::vsock(2, 22));
    CHECK(*parse_target("vsock" + m + "hypervisor", "22", "").literal == Endpoint::vsock(0, 22));
    const Target behind = parse_target("vsock-mux" + m + "/run/vm", "22", "");
    CHECK(behind.kind == Kind::vsock_mux);
    CHECK(behind.path == "/run/vm");
    CHECK(behind.vsock_port == 22);
    const Target machine = parse_target("machine" + m + "vm-1", "22", "");
    CHECK(machine.kind == Kind::machine);
    CHECK(machine.name == "vm-1");
  }
}

TEST_CASE("such a target needs its path, number, name and port") {
  CHECK(refusal("unix/", "22") == "host 'unix/' names no socket");
  CHECK(refusal("vsock-mux%", "22") == "host 'vsock-mux%' names no socket");
  for (const char* cid : {"", "x", "-1", "4294967295", "1 "})
    CHECK(refusal("vsock/" + std::string(cid), "22").starts_with("CID '"));
  for (const char* host : {"vsock/1", "vsock-mux/run/vm", "machine/vm"})
    for (const char* port : {"", "ssh", "4294967295"})
      CHECK(refusal(host, port).starts_with("port '"));
  for (const char* name : {"", "..", ".hidden", "a/b", "-x", "a b"})
    CHECK(refusal("machine/" + std::string(name), "22").ends_with(" is no name of a machine"));
}

TEST_CASE("a name that only begins like one of them stays a name") {
  for (const char* name : {"unix", "unix.example", "vsock-1", "machines"}) {
    CAPTURE(name);
    CHECK_FALSE(is_local(name));
    CHECK(parse_target(name, "22", "").name == name);
  }
  CHECK(is_local("vsock-mux/x"));
}

}  // namespace gladhand::target_test
