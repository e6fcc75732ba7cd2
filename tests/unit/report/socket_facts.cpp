// What a passed socket is, in words, in JSON and in a program's environment.
#include "base/socket_facts.hpp"

#include <doctest/doctest.h>
#include <linux/vm_sockets.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "handover/ucspi.hpp"
#include "report/socket_report.hpp"

namespace gladhand::socket_facts_test {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

Endpoint at(std::string_view address, std::uint16_t port) {
  return parse_address(address, port).value();
}

// A Unix address of exactly these bytes of path.
Endpoint unix_at(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return {reinterpret_cast<const sockaddr*>(&address),
          static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size())};
}

Endpoint vsock_at(unsigned cid, unsigned port) {
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = cid;
  address.svm_port = port;
  return {reinterpret_cast<const sockaddr*>(&address), sizeof(address)};
}

SocketFacts tcp() {
  SocketFacts facts;
  facts.family = AF_INET6;
  facts.type = SOCK_STREAM;
  facts.protocol = IPPROTO_TCP;
  facts.state = SocketState::connected;
  facts.local = at("2001:db8::5", 40000);
  facts.peer = at("2001:db8::1", 22);
  facts.keepalive = true;
  facts.nodelay = true;
  facts.waiting = 41;
  return facts;
}

SocketFacts unix_socket(std::string_view local, std::string_view peer) {
  SocketFacts facts;
  facts.family = AF_UNIX;
  facts.type = SOCK_STREAM;
  facts.state = SocketState::connected;
  facts.local = unix_at(local);
  facts.peer = unix_at(peer);
  return facts;
}

SocketFacts vsock() {
  SocketFacts facts;
  facts.family = AF_VSOCK;
  facts.type = SOCK_STREAM;
  facts.state = SocketState::connected;
  facts.local = vsock_at(3, 5000);
  facts.peer = vsock_at(2, 22);
  return facts;
}

constexpr int exited_with_3 = 3 << 8;  // as waitpid(2) has it
constexpr int ended_by_9 = 9;

}  // namespace

TEST_CASE("addresses of every family as text") {
  CHECK(address_text(at("192.0.2.1", 22)) == "192.0.2.1:22");
  CHECK(address_text(at("2001:db8::1", 22)) == "[2001:db8::1]:22");
  CHECK(address_text(vsock_at(2, 22)) == "vsock:2:22");
  CHECK(address_text(vsock_at(~0U, ~0U)) == "vsock:4294967295:4294967295");
  CHECK(address_text(unix_at("/run/ssh.sock")) == "/run/ssh.sock");
  CHECK(address_text(unix_at("")) == "(no name)");
  CHECK(address_text(Endpoint()) == "(no address)");
}

TEST_CASE("a path ends at its NUL or fills its field; an abstract name has its full length") {
  const std::string longest(sizeof(sockaddr_un::sun_path), 'x');
  CHECK(unix_path(unix_at(longest)) == longest);
  CHECK(unix_path(unix_at(std::string_view("/run/a\0\0", 8))) == "/run/a");
  CHECK(unix_path(unix_at(std::string_view("\0ab\0c", 5))) == std::string("@ab\0c", 5));
  CHECK(unix_path(at("192.0.2.1", 22)).empty());
}

TEST_CASE("a path is printable as text, whatever it holds") {
  CHECK(address_text(unix_at("/a\n\x1b")) == "/a\\x0a\\x1b");
  CHECK(address_text(unix_at(std::string_view("\0a\0b", 4))) == "@a\\x00b");
}

TEST_CASE("families, types and protocols have their names, others their numbers") {
  CHECK(family_text(AF_INET) == "IPv4");
  CHECK(family_text(AF_NETLINK) == "family 16");
  CHECK(type_text(SOCK_SEQPACKET) == "seqpacket");
  CHECK(type_text(SOCK_RAW) == "type 3");
  CHECK(protocol_text(0).empty());
  CHECK(protocol_text(262) == "mptcp");
  CHECK(protocol_text(IPPROTO_SCTP) == "sctp");
  CHECK(protocol_text(33) == "protocol 33");
}

TEST_CASE("text leaves out what is not set") {
  CHECK(socket_text(tcp(), "exited with status 0") ==
        "socket    IPv6 stream, tcp, connected\n"
        "local     [2001:db8::5]:40000\n"
        "peer      [2001:db8::1]:22\n"
        "options   blocking, keepalive, nodelay\n"
        "waiting   41 bytes to read\n"
        "command   exited with status 0\n");
}

TEST_CASE("text has all that is set") {
  SocketFacts facts = tcp();
  facts.state = SocketState::unconnected;
  facts.peer.reset();
  facts.blocking = facts.keepalive = false;
  facts.nodelay = false;
  facts.delayed_ack = 8ms;
  facts.waiting.reset();
  facts.mark = 7;
  facts.dscp = 46;
  facts.device = "eth0";
  facts.receive_timeout = 5s;
  facts.send_timeout = 250ms;
  CHECK(socket_text(facts, "was ended by signal 9") ==
        "socket    IPv6 stream, tcp, unconnected\n"
        "local     [2001:db8::5]:40000\n"
        "options   non-blocking, no keepalive, no nodelay, delayed ack 8 ms, mark 7, dscp 46, "
        "device eth0, receive timeout 5 s, send timeout 250 ms\n"
        "command   was ended by signal 9\n");
}

TEST_CASE("JSON has every key, null where there is nothing") {
  const std::string line = socket_json(vsock(), ended_by_9);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(Json::parse(line) == Json::parse(R"({
    "family": "vsock", "type": "stream", "protocol": null, "state": "connected",
    "local_address": "vsock:3", "local_port": 5000, "peer_address": "vsock:2", "peer_port": 22,
    "blocking": true, "keepalive": false, "nodelay": null,
    "delayed_ack_us": null, "waiting_bytes": null,
    "mark": null, "dscp": null, "device": null,
    "receive_timeout_us": null, "send_timeout_us": null,
    "command_status": null, "command_signal": 9})"));
}

TEST_CASE("JSON has all that is set") {
  SocketFacts facts = tcp();
  facts.mark = 7;
  facts.dscp = 46;
  facts.device = "eth0";
  facts.receive_timeout = 5s;
  facts.send_timeout = 250ms;
  facts.nodelay = false;
  facts.delayed_ack = 8ms;
  CHECK(Json::parse(socket_json(facts, exited_with_3)) == Json::parse(R"({
    "family": "IPv6", "type": "stream", "protocol": "tcp", "state": "connected",
    "local_address": "2001:db8::5", "local_port": 40000,
    "peer_address": "2001:db8::1", "peer_port": 22,
    "blocking": true, "keepalive": true, "nodelay": false,
    "delayed_ack_us": 8000, "waiting_bytes": 41,
    "mark": 7, "dscp": 46, "device": "eth0",
    "receive_timeout_us": 5000000, "send_timeout_us": 250000,
    "command_status": 3, "command_signal": null})"));
}

TEST_CASE("a Unix path of any bytes is a JSON string, one without a name is null") {
  const Json json = Json::parse(socket_json(unix_socket("", "/a\"\n\xff"), 0));
  CHECK(json["local_address"].is_null());
  CHECK(json["peer_address"] == Json::parse(R"("/a\"\n\u00ff")"));
  CHECK(json["peer_port"].is_null());
}

TEST_CASE("[UCSPI-1996] TCP for IPv6 as for IPv4, and no names of an outer connection") {
  CHECK(ucspi_environment(tcp()) == EnvironmentChanges{{"PROTO", "TCP"},
                                                       {"TCPLOCALHOST", std::nullopt},
                                                       {"TCPREMOTEHOST", std::nullopt},
                                                       {"TCPREMOTEINFO", std::nullopt},
                                                       {"TCPLOCALIP", "2001:db8::5"},
                                                       {"TCPLOCALPORT", "40000"},
                                                       {"TCPREMOTEIP", "2001:db8::1"},
                                                       {"TCPREMOTEPORT", "22"}});
}

TEST_CASE("[UCSPI-1996] other protocols have their own prefix") {
  SocketFacts facts = tcp();
  facts.protocol = IPPROTO_SCTP;
  CHECK(ucspi_environment(facts).front().second == "SCTP");
  CHECK(ucspi_environment(facts).back() == EnvironmentChanges::value_type{"SCTPREMOTEPORT", "22"});
  facts.protocol = IPPROTO_UDP;
  CHECK(ucspi_environment(facts).front().second == "UDP");
  facts.protocol = 262;  // MPTCP: TCP to a program
  CHECK(ucspi_environment(facts).front().second == "TCP");
  facts.family = AF_NETLINK;
  CHECK(ucspi_environment(facts) == EnvironmentChanges{{"PROTO", std::nullopt}});
}

TEST_CASE("[UCSPI-1996] Unix sockets tell their paths, if any") {
  const EnvironmentChanges changes = ucspi_environment(unix_socket("", "/run/a b"));
  CHECK(changes == EnvironmentChanges{{"PROTO", "UNIX"},
                                      {"UNIXLOCALHOST", std::nullopt},
                                      {"UNIXREMOTEHOST", std::nullopt},
                                      {"UNIXREMOTEINFO", std::nullopt},
                                      {"UNIXLOCALPATH", std::nullopt},
                                      {"UNIXREMOTEPATH", "/run/a b"}});
}

TEST_CASE("[UCSPI-1996] an abstract name is told unless it has a NUL, which no variable can hold") {
  using Variable = EnvironmentChanges::value_type;
  const SocketFacts plain = unix_socket("", std::string_view("\0ab", 3));
  CHECK(ucspi_environment(plain).back() == Variable{"UNIXREMOTEPATH", "@ab"});
  const SocketFacts odd = unix_socket("", std::string_view("\0a\0b", 4));
  CHECK(ucspi_environment(odd).back() == Variable{"UNIXREMOTEPATH", std::nullopt});
}

TEST_CASE("[UCSPI-1996] vsock tells context ids and ports") {
  const EnvironmentChanges changes = ucspi_environment(vsock());
  CHECK(changes == EnvironmentChanges{{"PROTO", "VSOCK"},
                                      {"VSOCKLOCALHOST", std::nullopt},
                                      {"VSOCKREMOTEHOST", std::nullopt},
                                      {"VSOCKREMOTEINFO", std::nullopt},
                                      {"VSOCKLOCALCID", "3"},
                                      {"VSOCKLOCALPORT", "5000"},
                                      {"VSOCKREMOTECID", "2"},
                                      {"VSOCKREMOTEPORT", "22"}});
}

}  // namespace gladhand::socket_facts_test
