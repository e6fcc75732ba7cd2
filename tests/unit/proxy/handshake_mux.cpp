// TCPMUX and the multiplexers of virtual machines.
#include "handshakes.hpp"

using namespace handshakes;

namespace {

const Make tcpmux = [] { return gladhand::ask_tcpmux("ssh"); };
const Make vsock_mux = [] { return gladhand::ask_vsock_mux(22); };

}  // namespace

TEST_CASE("[RFC 1078] a service is asked for by its name in a line") {
  CHECK(sent(tcpmux) == "ssh\r\n");
}

TEST_CASE("[RFC 1078] a line that begins with '+' opens the service") {
  for (const char* answer : {"+\r\n", "+Go\r\n", "+\n", "+ go ahead\n", "+\r\r\n"}) {
    check_opens(tcpmux, answer);
    check_cuts(tcpmux, answer);
  }
  check_opens(tcpmux, '+' + std::string(510, 'x') + "\r\n");
}

TEST_CASE("[RFC 1078] a line that begins with '-' refuses the service in its words") {
  check_fails(tcpmux, "-no such service\r\n", "the service is refused: no such service");
  check_fails(tcpmux, "-\x1b[31mno\n", "the service is refused: \\x1b[31mno");
  check_fails(tcpmux, "-\r\n", "the service is refused");
}

TEST_CASE("whoever may know a password refuses without words") {
  const Make mute = [] {
    auto machine = gladhand::ask_tcpmux("ssh");
    machine->withhold_words();
    return machine;
  };
  check_fails(mute, "-secret\r\n", "the service is refused");
  check_fails(mute, "secret\r\n", "speaks no TCPMUX");
  CHECK(hear(mute, std::string(600, 's')).failure == "answered a line of more than 512 octets");
}

TEST_CASE("another line is no TCPMUX, and an endless one is not waited for") {
  check_fails(tcpmux, banner, "speaks no TCPMUX: it answered 'SSH-2.0-OpenSSH_9.2p1'");
  check_fails(tcpmux, "\r\n", "speaks no TCPMUX: it answered ''");
  const Outcome outcome = hear(tcpmux, '+' + std::string(100'000, 'x'));
  CHECK(outcome.state == State::failed);
  CHECK(outcome.consumed == 513);
  CHECK(outcome.failure.starts_with("answered a line of more than 512 octets: +xxx"));
  CHECK(outcome.failure.size() < 400);
}

TEST_CASE("a service's name cannot hold a second line") {
  for (const std::string& name : {""s, "ssh\r\nhelp"s, "s h"s, "ss\0h"s, "\xc3\xb6"s}) {
    const auto machine = gladhand::ask_tcpmux(name);
    CHECK(machine->state() == State::failed);
    CHECK(machine->take_output().empty());
  }
}

TEST_CASE("a guest's port is asked for in a line") {
  CHECK(sent(vsock_mux) == "CONNECT 22\n");
  CHECK(sent([] { return gladhand::ask_vsock_mux(4'294'967'295); }) == "CONNECT 4294967295\n");
}

TEST_CASE("OK and a number are the multiplexer's") {
  for (const char* answer : {"OK 0\n", "OK 1073741824\n", "OK 4294967295\n"}) {
    check_opens(vsock_mux, answer);
    check_cuts(vsock_mux, answer, 1);
  }
}

TEST_CASE("anything else is the guest's, to the last byte") {
  for (const std::string& words : {banner,
                                   "\n"s,
                                   "\0"s,
                                   "K"s,
                                   "OQ"s,
                                   "OKAY\n"s,
                                   "OK\n"s,
                                   "OK \n"s,
                                   "OK  1\n"s,
                                   "OK x\n"s,
                                   "OK 1\r\n"s,
                                   "OK 1 \n"s,
                                   "OK -1\n"s,
                                   "OK 12345678901\n"s,
                                   "ok 1\n"s}) {
    CAPTURE(printable(words));
    const Outcome outcome = hear_in_any_split(vsock_mux, words);
    CHECK(outcome.state == State::done);
    CHECK(outcome.consumed == 0);
  }
}

TEST_CASE("a multiplexer that says nothing for five seconds has opened the way") {
  for (const std::string& heard : {""s, "OK"s, "OK 12"s}) {
    const auto machine = vsock_mux();
    CHECK(machine->patience() == std::chrono::seconds(5));
    peer::converse(*machine, heard);
    CHECK(machine->state() == State::talking);
    machine->silence();
    CHECK(machine->state() == State::done);
    machine->end();
    CHECK(machine->state() == State::done);
  }
  CHECK_FALSE(tcpmux()->patience());
}

TEST_CASE("a multiplexer that ends the connection without a word has no such port") {
  const auto machine = vsock_mux();
  machine->end();
  CHECK(machine->state() == State::failed);
  CHECK(machine->failure() == "port 22 of the machine is not open");
}

TEST_CASE("the end of what was opened is not the handshake's") {
  for (const Make& make : {tcpmux, vsock_mux}) {
    const auto machine = make();
    peer::converse(*machine, "+\r\n");
    CHECK(machine->state() == State::done);
    machine->end();
    CHECK(machine->state() == State::done);
    CHECK(machine->receive(banner) == 0);
  }
}

TEST_CASE("an empty line says that TLS stands; what follows is the proxy's") {
  const Make tls = [] { return gladhand::hear_of_tls(); };
  CHECK(sent(tls).empty());
  check_opens(tls, "\n");
  const auto machine = tls();
  machine->receive("its cert");
  machine->end();
  CHECK(machine->failure() == "gladhand-tls has ended without a word");
}

TEST_CASE("another line says why there is no TLS, or what the proxy has said instead") {
  const Make tls = [] { return gladhand::hear_of_tls(); };
  check_fails(tls, "its certificate has expired\n", "its certificate has expired");
  check_fails(tls, "its certificate is strange\tgive another\n", "its certificate is strange");
  check_fails(tls, "0x48\n", "speaks no TLS, as HTTP does");
  check_fails(tls, "0x05\n", "speaks no TLS, as SOCKS5 does");
  check_fails(tls, "0xff\n", "speaks no TLS");
  check_fails(tls, "0x\n", "speaks no TLS");
  CHECK(hear(tls, std::string(2000, 'x')).failure == "gladhand-tls says too much");
  const auto machine = tls();
  machine->receive("0x48\n");
  CHECK(machine->hint() == "an HTTP proxy is given as http://HOST:PORT");
}
