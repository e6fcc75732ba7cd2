// SOCKS4, SOCKS4A and SOCKS5, and which proxy can be asked for what.
#include "handshakes.hpp"

using namespace handshakes;
using gladhand::ask_proxy;
using gladhand::can_ask_for;
using gladhand::Credentials;
using gladhand::Destination;
using gladhand::ProxyScheme;

namespace {

const Credentials alice{"alice", "secret"};
const std::string greeting = "\x05\x02\x00\x02"s;
const std::string chose_none = "\x05\x00"s;
const std::string chose_password = "\x05\x02"s;
const std::string welcome = "\x01\x00"s;
const std::string identity = "\x01\x05"s + "alice" + "\x06" + "secret";
const std::string request = "\x05\x01\x00\x03\x0a"s + "db.example" + "\x00\x16"s;
const std::string granted4 = "\x00\x5a\x00\x00\x00\x00\x00\x00"s;
const std::string granted5 = "\x05\x00\x00\x01\xc0\x00\x02\x01\x04\x38"s;

Make asking(ProxyScheme scheme,
            const Destination& destination,
            const std::optional<Credentials>& credentials = std::nullopt) {
  return [=] { return ask_proxy(scheme, destination, {.credentials = credentials}); };
}

const Make socks4 = asking(ProxyScheme::socks4, to_address("192.0.2.7"));
const Make socks5 = asking(ProxyScheme::socks5h, to_name("db.example"));
const Make socks5_with_password = asking(ProxyScheme::socks5h, to_name("db.example"), alice);

}  // namespace

TEST_CASE("SOCKS4 asks for an IPv4 address and tells the user, if there is one") {
  CHECK(sent(socks4) == "\x04\x01\x00\x16\xc0\x00\x02\x07\x00"s);
  CHECK(sent(asking(ProxyScheme::socks4, to_address("192.0.2.7", 0x1234), alice)) ==
        "\x04\x01\x12\x34\xc0\x00\x02\x07"s + "alice\0"s);
}

TEST_CASE("SOCKS4A tells a name behind the user, and an address as SOCKS4 does") {
  CHECK(sent(asking(ProxyScheme::socks4a, to_name("db.example"), alice)) ==
        "\x04\x01\x00\x16\x00\x00\x00\x01"s + "alice\0db.example\0"s);
  CHECK(sent(asking(ProxyScheme::socks4a, to_address("192.0.2.7"))) == sent(socks4));
}

TEST_CASE("SOCKS4 takes no user with a NUL, which would end it early") {
  const auto machine = ask_proxy(
      ProxyScheme::socks4, to_address("192.0.2.7"), {.credentials = Credentials{"ali\0ce"s, ""}});
  CHECK(machine->state() == State::failed);
  CHECK(machine->failure() == "SOCKS4 takes no user with a NUL in it");
  CHECK(machine->take_output().empty());
}

TEST_CASE("SOCKS4's answer is eight bytes, whatever address they hold") {
  check_opens(socks4, granted4);
  check_opens(socks4, "\x00\x5a\xff\xff\xff\xff\xff\xff"s);
  check_cuts(socks4, granted4);
}

TEST_CASE("a SOCKS4 proxy may answer with version 4, as some do, but with no other") {
  check_opens(socks4, "\x04\x5a\x00\x00\x00\x00\x00\x00"s);
  check_fails(socks4, "\x05\x00"s, "speaks no SOCKS4: its answer begins with 0x05, as SOCKS5 does");
  check_fails(socks4, banner, "speaks no SOCKS4: its answer begins with 0x53, as SSH does");
}

TEST_CASE("every code but 0x5a refuses a SOCKS4 request, and is told in words") {
  const auto failure = [](int code) {
    const std::string answer = {0, static_cast<char>(code), 0, 0, 0, 0, 0, 0};
    const Outcome outcome = hear_in_any_split(socks4, answer);
    CHECK(outcome.state == State::failed);
    return outcome.failure;
  };
  CHECK(failure(0x5b) == "request rejected or failed (SOCKS4 reply 0x5b)");
  CHECK(failure(0x5c) ==
        "request rejected: the proxy cannot reach identd on this machine (SOCKS4 reply 0x5c)");
  CHECK(failure(0x5d) ==
        "request rejected: identd on this machine names another user (SOCKS4 reply 0x5d)");
  for (int code = 0; code < 256; ++code)
    if (code < 0x5a || code > 0x5d)
      CHECK(failure(code).starts_with("request rejected for an unknown reason (SOCKS4 reply 0x"));
}

TEST_CASE("[RFC 1928 §3] SOCKS5 offers no authentication, and user and password") {
  CHECK(sent(socks5) == greeting);
  CHECK(sent(socks5_with_password) == greeting);
}

TEST_CASE("SOCKS5 offers no credentials that nobody has: some proxies insist on what is offered") {
  const auto machine = ask_proxy(ProxyScheme::socks5h,
                                 to_name("db.example"),
                                 {.identification = gladhand::Identification::impossible});
  CHECK(machine->take_output() == "\x05\x01\x00"s);
  CHECK(machine->receive(chose_none) == 2);
  CHECK(machine->take_output() == request);
  const Make without = [] {
    return ask_proxy(ProxyScheme::socks5h,
                     to_name("db.example"),
                     {.identification = gladhand::Identification::impossible});
  };
  check_opens(without, chose_none + granted5);
  check_fails(without, chose_password, "chose authentication method 0x02, which was not offered");
  CHECK(hear(without, "\x05\xff").state == State::wants_new_connection);
}

TEST_CASE("[RFC 1928 §4] SOCKS5 asks for a name or an address of either family") {
  const auto asked = [](const Destination& destination) {
    return hear(asking(ProxyScheme::socks5h, destination), chose_none).sent.substr(4);
  };
  CHECK(asked(to_name("db.example")) == request);
  CHECK(asked(to_address("192.0.2.7", 0x1234)) == "\x05\x01\x00\x01\xc0\x00\x02\x07\x12\x34"s);
  CHECK(asked(to_address("2001:db8::1")) ==
        "\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x16"s);
  const std::string longest(255, 'x');
  CHECK(asked(to_name(longest)) == "\x05\x01\x00\x03\xff"s + longest + "\x00\x16"s);
}

TEST_CASE("[RFC 1928 §6] a SOCKS5 answer with a bound address of any type and length is its own") {
  for (const std::string& bound : {"\x01\xc0\x00\x02\x01"s,
                                   "\x04"s + std::string(16, '\0'),
                                   "\x03\x00"s,
                                   "\x03\x0a"s + "db.example",
                                   "\x03\xff"s + std::string(255, 'x')}) {
    const std::string answer = chose_none + "\x05\x00\x00"s + bound + "\x04\x38";
    check_opens(socks5, answer);
    check_cuts(socks5, answer);
  }
}

TEST_CASE("[RFC 1928 §6] SOCKS5's reserved byte may be anything") {
  check_opens(socks5, chose_none + "\x05\x00\xff\x01\xc0\x00\x02\x01\x04\x38"s);
}

TEST_CASE(
    "[RFC 1928 §6] every other reply code of SOCKS5 refuses the request, and is told in words") {
  const char* words[] = {"",
                         "general failure",
                         "connection not allowed by its rules",
                         "network unreachable",
                         "host unreachable",
                         "connection refused",
                         "TTL expired",
                         "command not supported",
                         "address type not supported"};
  for (int code = 1; code < 256; ++code) {
    const Outcome outcome = hear(socks5, chose_none + "\x05" + static_cast<char>(code));
    CHECK(outcome.state == State::failed);
    if (code >= 0xf0 && code <= 0xf7) continue;
    const std::string expected = code < 9 ? words[code] : "failure of an unknown kind";
    CHECK(outcome.failure.starts_with(expected + " (SOCKS5 reply 0x"));
  }
  check_fails(socks5,
              chose_none + "\x05\x05\x00\x01\0\0\0\0\0\0"s,
              "connection refused (SOCKS5 reply 0x05)");
}

TEST_CASE("[RFC 1929] user and password are told to a proxy that wants them") {
  const Outcome outcome =
      hear_in_any_split(socks5_with_password, chose_password + welcome + granted5 + banner);
  CHECK(outcome.sent == greeting + identity + request);
  CHECK(outcome.state == State::done);
  check_opens(socks5_with_password, chose_password + welcome + granted5);
  check_cuts(socks5_with_password, chose_password + welcome + granted5);
}

TEST_CASE("user and password are kept from a SOCKS5 proxy that does not ask for them") {
  CHECK(hear(socks5_with_password, chose_none + granted5).sent == greeting + request);
}

TEST_CASE("a SOCKS5 machine without credentials asks for them when the proxy does") {
  const auto machine = socks5();
  CHECK(machine->take_output() == greeting);
  CHECK(machine->receive(chose_password + welcome) == 2);
  CHECK(machine->state() == State::wants_credentials);
  CHECK(machine->receive(welcome) == 0);
  machine->provide(alice);
  CHECK(machine->state() == State::talking);
  CHECK(machine->take_output() == identity);
  CHECK(machine->receive(welcome + granted5 + banner) == 12);
  CHECK(machine->state() == State::done);
  machine->provide(alice);
  CHECK(machine->take_output() == request);
}

TEST_CASE(
    "an empty user or password is told as servers take it, one of over 255 octets cannot be") {
  const std::string longest(255, 'x');
  for (const Credentials& wrong :
       {Credentials{longest + 'x', "secret"}, Credentials{"alice", longest + 'x'}}) {
    const Outcome outcome =
        hear(asking(ProxyScheme::socks5h, to_name("db.example"), wrong), chose_password);
    CHECK(outcome.failure == "SOCKS5 takes a user and a password of at most 255 octets each");
    CHECK(outcome.sent == greeting);
  }
  const auto told = [](const Credentials& credentials) {
    return hear(asking(ProxyScheme::socks5h, to_name("db.example"), credentials), chose_password)
        .sent.substr(greeting.size());
  };
  CHECK(told({"alice", ""}) ==
        "\x01\x05"
        "alice\0"s);
  CHECK(told({"", "secret"}) == "\x01\0\x06"s + "secret");
  CHECK(told({longest, longest}) == "\x01\xff" + longest + "\xff" + longest);
}

TEST_CASE("Tor's extended errors are told in words") {
  for (int code = 0xf0; code <= 0xf7; ++code) {
    const std::string failure = hear(socks5, chose_none + "\x05" + static_cast<char>(code)).failure;
    CHECK(failure.find("onion") != std::string::npos);
    CHECK(failure.ends_with(" (SOCKS5 reply 0xf" + std::to_string(code - 0xf0) + ")"));
  }
}

TEST_CASE("[RFC 1929] any status but 0 refuses the credentials") {
  for (int status = 1; status < 256; ++status) {
    const std::string answer = chose_password + "\x01" + static_cast<char>(status);
    check_fails(socks5_with_password, answer, "the proxy refuses these credentials");
    check_fails(socks5, answer, "the proxy refuses these credentials");
  }
}

TEST_CASE("the answer to user and password may have SOCKS' version, as with some servers") {
  check_opens(socks5_with_password, chose_password + "\x05\x00"s + granted5);
  check_fails(socks5_with_password,
              chose_password + "\x02\x00"s,
              "answered user and password in version 0x02");
}

TEST_CASE("[RFC 1928 §3] a method that was not offered, and none at all, are failures") {
  check_fails(socks5,
              "\x05\xff",
              "accepts neither a client without authentication nor one with user and password");
  check_fails(socks5, "\x05\x01", "chose authentication method 0x01, which was not offered");
}

TEST_CASE("what was still to be sent is not, once the handshake has failed") {
  const auto machine = socks5();
  machine->take_output();
  machine->receive(chose_none + "\x05\x05");
  CHECK(machine->state() == State::failed);
  CHECK(machine->take_output().empty());
}

TEST_CASE("a wrong version or an unknown address type is no SOCKS5") {
  check_fails(socks5,
              "HTTP/1.1 400 Bad Request\r\n",
              "speaks no SOCKS5: its answer begins with 0x48, as HTTP does");
  check_fails(socks5, banner, "speaks no SOCKS5: its answer begins with 0x53, as SSH does");
  check_fails(socks5, "\x15\x03", "speaks no SOCKS5: its answer begins with 0x15, as TLS does");
  check_fails(socks5, chose_none + "\x04\x00"s, "speaks no SOCKS5: its answer begins with 0x04");
  for (int type = 0; type < 256; ++type)
    if (type != 1 && type != 3 && type != 4)
      CHECK(hear(socks5, chose_none + "\x05\x00\x00"s + static_cast<char>(type))
                .failure.starts_with("answered with an address of unknown type 0x"));
}

TEST_CASE("a SOCKS5 proxy that ends the connection is told by what it left unanswered") {
  const auto failure = [](const Make& make, const std::string& heard) {
    const auto machine = make();
    peer::converse(*machine, heard);
    machine->end();
    return machine->failure();
  };
  CHECK(failure(socks5, "") == "closed the connection before it answered the greeting");
  CHECK(failure(socks5, "\x05") ==
        "closed the connection in the middle of its answer to the greeting");
  CHECK(failure(socks5_with_password, chose_password) ==
        "closed the connection before it answered user and password");
  CHECK(failure(socks5, chose_none) == "closed the connection before it answered the request");
  CHECK(failure(socks5, chose_none + "\x05") ==
        "closed the connection in the middle of its answer to the request");
}

TEST_CASE("another destination may do where the proxy could not reach this one") {
  using Blame = gladhand::Handshake::Blame;
  const auto blame = [](const Make& make, const std::string& heard) {
    const auto machine = make();
    peer::converse(*machine, heard);
    machine->end();
    CHECK(machine->state() == State::failed);
    return machine->blame();
  };
  for (char code = 1; code < 10; ++code)
    CHECK(blame(socks5, chose_none + "\x05" + code) == Blame::destination);
  CHECK(blame(socks5, chose_none) == Blame::destination);
  CHECK(blame(socks4, "") == Blame::destination);
  CHECK(blame(socks4, "\x00\x5b"s) == Blame::destination);
  CHECK(blame(socks4, "\x00\x5d"s) == Blame::nothing);
  CHECK(blame(socks4, banner) == Blame::nothing);
  CHECK(blame(socks5, "") == Blame::nothing);
  CHECK(blame(socks5, banner) == Blame::nothing);
  CHECK(blame(socks5, "\x05\xff") == Blame::nothing);
  CHECK(blame(socks5_with_password, chose_password + "\x01\x01") == Blame::credentials);
  CHECK(blame(socks5_with_password, chose_password) == Blame::nothing);
}

TEST_CASE("a proxy is asked only for what its protocol has words for") {
  const struct {
    Destination destination;
    const char* schemes;
  } table[] = {
      {to_address("192.0.2.7"), "socks4 socks4a socks5 socks5h http"},
      {to_address("2001:db8::1"), "socks5 socks5h http"},
      {to_address("::ffff:192.0.2.7"), "socks5 socks5h http"},
      {to_address("fe80::1%lo"), ""},
      {to_address("0.0.0.1"), "socks5 socks5h http"},  // means "a name follows" in SOCKS4A
      {to_name("db.example"), "socks4a socks5h http"},
      {to_name(std::string(255, 'x')), "socks4a socks5h http"},
      {to_name(std::string(256, 'x')), ""},
      {to_name(""), ""},
      {to_name("db example"), ""},
      {to_name("db.example\r\nX: y"), ""},
      {to_name("db\0example"s), ""},
      {to_name("fe80::1%eth0"), ""},
      {to_name("db.example:80"), ""},
      {to_name("d\xc3\xb6.example"), ""},
      {{gladhand::Endpoint(), "", 22}, ""},
  };
  for (const auto& row : table) {
    std::string schemes;
    for (const auto scheme : {ProxyScheme::socks4,
                              ProxyScheme::socks4a,
                              ProxyScheme::socks5,
                              ProxyScheme::socks5h,
                              ProxyScheme::http}) {
      if (can_ask_for(scheme, row.destination)) {
        schemes += (schemes.empty() ? "" : " ") + std::string(to_string(scheme));
        continue;
      }
      const auto machine = ask_proxy(scheme, row.destination, {.credentials = alice});
      CHECK(machine->state() == State::failed);
      CHECK(machine->failure() ==
            std::string(to_string(scheme)) + " has no words for this destination");
      CHECK(machine->take_output().empty());
    }
    CHECK(schemes == row.schemes);
  }
}
