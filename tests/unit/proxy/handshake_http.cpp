// CONNECT: what opens a tunnel, what does not, and when another request is worth the same
// connection.
#include "base/base64.hpp"
#include "handshakes.hpp"
#include "proxy/http_fields.hpp"

using namespace handshakes;
using gladhand::ask_proxy;
using gladhand::base64;
using gladhand::Credentials;
using gladhand::Destination;
using gladhand::ProxyScheme;

namespace {

const Credentials alice{"alice", "secret"};
const std::string request = "CONNECT db.example:22 HTTP/1.1\r\nHost: db.example:22\r\n";
const std::string authorization = "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
const std::string wants_basic =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n";
const std::string opened = "HTTP/1.1 200 OK\r\n\r\n";

Make asking(const Destination& destination,
            const std::optional<Credentials>& credentials = std::nullopt) {
  return [=] { return ask_proxy(ProxyScheme::http, destination, credentials); };
}

const Make http = asking(to_name("db.example"));
const Make http_with_password = asking(to_name("db.example"), alice);

State state_after(const Make& make, const std::string& answer) {
  return hear_in_any_split(make, answer).state;
}

}  // namespace

TEST_CASE("[RFC 4648 §10] base 64") {
  const char* vectors[][2] = {{"", ""},
                              {"f", "Zg=="},
                              {"fo", "Zm8="},
                              {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="},
                              {"fooba", "Zm9vYmE="},
                              {"foobar", "Zm9vYmFy"},
                              {"\xfb\xff\xbf", "+/+/"}};
  for (const auto& [bytes, text] : vectors) CHECK(base64(bytes) == text);
}

TEST_CASE("[RFC 9110 §11.3] the schemes of challenges are told from their parameters") {
  const auto schemes = [](std::string_view value) {
    std::string joined;
    for (const auto scheme : gladhand::challenge_schemes(value))
      joined += std::string(scheme) + ';';
    return joined;
  };
  CHECK(schemes("Basic") == "Basic;");
  CHECK(schemes("Basic realm=\"p\"") == "Basic;");
  CHECK(schemes("Digest realm=\"a, Basic b\", nonce=\"\\\", Basic\", Basic realm=x") ==
        "Digest;Basic;");
  CHECK(schemes("Negotiate YWxpY2U=, NTLM") == "Negotiate;NTLM;");
  CHECK(schemes("Digest realm = \"x\", qop = auth") == "Digest;");
  CHECK(schemes(" , ,") == "");
  CHECK(schemes("Basic \"") == "Basic;");
}

TEST_CASE("[RFC 9110 §9.3.6] the request names host and port twice, IPv6 in brackets") {
  CHECK(sent(http) == request + "\r\n");
  CHECK(sent(asking(to_address("192.0.2.7", 2222))) ==
        "CONNECT 192.0.2.7:2222 HTTP/1.1\r\nHost: 192.0.2.7:2222\r\n\r\n");
  CHECK(sent(asking(to_address("2001:db8::1"))) ==
        "CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n\r\n");
}

TEST_CASE("credentials that are there go with the first request") {
  CHECK(sent(http_with_password) == request + authorization + "\r\n");
}

TEST_CASE("[RFC 7617 §2] Basic authentication has no words for a user with a colon") {
  const auto machine = asking(to_name("db.example"), Credentials{"ali:ce", "secret"})();
  CHECK(machine->state() == State::failed);
  CHECK(machine->failure() == "Basic authentication takes no user with a colon in it");
  CHECK(machine->take_output().empty());
}

TEST_CASE("[RFC 9110 §9.3.6] any 2xx opens the tunnel right after its blank line") {
  for (int code = 200; code < 300; ++code)
    CHECK(hear(http, "HTTP/1.1 " + std::to_string(code) + " Fine\r\n\r\n").state == State::done);
  for (const char* answer : {"HTTP/1.1 200 Connection established\r\n\r\n",
                             "HTTP/1.1 200 \r\n\r\n",
                             "HTTP/1.0 200\r\n\r\n",
                             "HTTP/1.1 200 OK\n\n",
                             "HTTP/1.1 200 OK\r\nVia: 1.1 p\n\r\n",
                             "HTTP/1.9 200 OK\n\r\n"}) {
    check_opens(http, answer);
    check_cuts(http, answer);
  }
}

TEST_CASE("[RFC 9112 §6.3] Content-Length and Transfer-Encoding of a 2xx are ignored") {
  check_opens(http, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  check_opens(http, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  check_opens(http, "HTTP/1.1 200 OK\r\nno field at all\r\n folded\r\n: \r\n\r\n");
}

TEST_CASE("[RFC 9110 §15.2] interim responses are skipped") {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n";
  check_opens(http, interim + opened);
  check_cuts(http, interim + opened);
  check_fails(http, "HTTP/1.1 101 Switching Protocols\r\n", "101 Switching Protocols");
}

TEST_CASE("a status line is matched to the letter, and anything else is shown") {
  for (const char* line : {"HTTP/1.1 2000",
                           "HTTP/1.1 2000 OK",
                           "HTTP/1.1 20",
                           "HTTP/1.1 20 OK",
                           "HTTP/1.1 200OK",
                           "HTTP/1.1  200 OK",
                           "HTTP/1.1200 OK",
                           "HTTP/2 200",
                           "HTTP/1. 200 OK",
                           "HTTP/1.x 200 OK",
                           "HTTP/1.10 200 OK",
                           "http/1.1 200 OK",
                           " HTTP/1.1 200 OK",
                           "HTTP/1.1 -20 OK",
                           "HTTP/1.1 000 OK",
                           "HTTP/1.1 2x0 OK",
                           "HTTP/1.1\t200 OK",
                           "HTTP/1.1 200\tOK",
                           "",
                           "SSH-2.0-OpenSSH_9.2p1",
                           "220 smtp.example ESMTP"})
    check_fails(http, line + "\r\n"s, "speaks no HTTP/1: it answered " + gladhand::in_quotes(line));
}

TEST_CASE("a peer of another protocol is found out before it ends a line") {
  check_fails(http, "\x05\xff", "speaks no HTTP/1: it answered '\\x05'");
  const std::string letters(64, 'x');
  check_fails(http, letters, "speaks no HTTP/1: it answered '" + letters + "'");
}

TEST_CASE("a status that is not 2xx is told with its reason, printable and bounded") {
  check_fails(http, "HTTP/1.1 403 Forbidden\r\n", "403 Forbidden");
  check_fails(http, "HTTP/1.1 503\r\n", "503");
  check_fails(http, "HTTP/1.0 502 \x1b[2J\xc3\xa9\r\n", "502 \\x1b[2J\\xc3\\xa9");
  check_fails(http, "HTTP/1.1 999 What\r\n", "999 What");
  const Outcome outcome = hear(http, "HTTP/1.1 500 " + std::string(9'000, 'x') + "\r\n");
  CHECK(outcome.failure.starts_with("500 xxx"));
  CHECK(outcome.failure.size() < 400);
  for (int code = 300; code < 1000; ++code)
    if (code != 407)
      CHECK(hear(http, "HTTP/1.1 " + std::to_string(code) + " X\r\n").failure ==
            std::to_string(code) + " X");
}

TEST_CASE("an endless header section is not waited for") {
  const std::string endless_line = "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x');
  CHECK(hear(http, endless_line).failure == "answered with a header section of more than 64 KiB");
  CHECK(hear(http, endless_line).consumed == 65537);
  const auto lines = [](int count) {
    std::string text = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < count; ++i) text += "X: y\r\n";
    return text + "\r\n";
  };
  CHECK(hear(http, lines(98)).state == State::done);
  CHECK(hear(http, lines(99)).failure == "answered with a header section of more than 100 lines");
  std::string interim;
  for (int i = 0; i < 60; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  CHECK(hear(http, interim).failure == "answered with a header section of more than 100 lines");
}

TEST_CASE("a proxy that knows the password has no words of its own in a failure") {
  const std::string told = base64("alice:secret");
  check_fails(http_with_password, "HTTP/1.1 403 " + told + "\r\n", "403 Forbidden");
  check_fails(http_with_password, "HTTP/1.1 499 " + told + "\r\n", "499");
  check_fails(http_with_password, told + "\r\n", "speaks no HTTP/1");
  check_fails(http_with_password,
              "HTTP/1.1 407 No\r\nProxy-Authenticate: " + told + "\r\n\r\n",
              "wants authentication, but not Basic");
  check_fails(http, "HTTP/1.1 499 " + told + "\r\n", "499 " + told);
}

TEST_CASE("a 407 is answered on the same connection where the proxy keeps it for sure") {
  const std::string body = "HTTP/1.1 200 OK\r\n\r\n";  // it looks like what it is not
  const std::string refusal =
      wants_basic + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const Outcome outcome = hear_in_any_split(http, refusal + opened + banner);
  CHECK(outcome.state == State::done);
  CHECK(outcome.consumed == refusal.size() + opened.size());
  CHECK(outcome.sent == request + "\r\n" + request + authorization + "\r\n");
  check_opens(http, wants_basic + "content-length:0\r\nConnection: keep-alive\r\n\r\n" + opened);
}

TEST_CASE("a body is taken before the credentials are asked for, and nothing behind it") {
  const auto machine = http();
  CHECK(machine->take_output() == request + "\r\n");
  const std::string refusal = wants_basic + "Content-Length: 3\r\n\r\nno!";
  CHECK(machine->receive(refusal.substr(0, refusal.size() - 1)) == refusal.size() - 1);
  CHECK(machine->state() == State::talking);
  CHECK(machine->receive("!" + opened) == 1);
  CHECK(machine->state() == State::wants_credentials);
  machine->provide(alice);
  CHECK(machine->take_output() == request + authorization + "\r\n");
}

TEST_CASE("a 407 is answered on a new connection where this one is not kept for sure") {
  for (const char* fields : {"",
                             "Content-Length: 3\r\nConnection: close\r\n",
                             "Content-Length: 3\r\nProxy-Connection: Keep-Alive, CLOSE\r\n",
                             "Content-Length: 3\r\nConnection:\r\n close\r\n",
                             "Content-Length: 3\r\nConnection : close\r\n",
                             "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\n",
                             "Content-Length: 3\r\nContent-Length: 4\r\n",
                             "Content-Length: 3, 3\r\n",
                             "Content-Length: -3\r\n",
                             "Content-Length: 65537\r\n",
                             "Content-Length : 3\r\n",
                             "Content-Length: 99999999999999999999999\r\n",
                             "Content-Length:\r\n"}) {
    CAPTURE(fields);
    CHECK(state_after(http, wants_basic + fields + "\r\n") == State::wants_new_connection);
  }
  CHECK(state_after(http, "HTTP/1.0" + wants_basic.substr(8) + "Content-Length: 3\r\n\r\n") ==
        State::wants_new_connection);
}

TEST_CASE("a proxy that closes after its 407 is asked again on a new connection") {
  const std::string refusal = wants_basic + "Content-Length: 3\r\n\r\nno!";
  const auto state_at_end = [](const std::string& heard) {
    const auto machine = http();
    peer::converse(*machine, heard);
    machine->end();
    return machine->state();
  };
  CHECK(state_at_end(refusal.substr(0, refusal.size() - 4)) == State::failed);
  CHECK(state_at_end(refusal.substr(0, refusal.size() - 3)) == State::wants_new_connection);
  CHECK(state_at_end(refusal.substr(0, refusal.size() - 1)) == State::wants_new_connection);
  CHECK(state_at_end(refusal) == State::wants_new_connection);
  CHECK(state_at_end(refusal + "H") == State::failed);
  const auto asking_user = http();
  asking_user->receive(refusal);
  asking_user->end();
  CHECK(asking_user->state() == State::wants_new_connection);
}

TEST_CASE("credentials that were told and refused are not told again") {
  check_fails(http_with_password, wants_basic + "\r\n", "the proxy refuses these credentials");
  check_fails(http,
              wants_basic + "Content-Length: 0\r\n\r\n" + wants_basic + "\r\n",
              "the proxy refuses these credentials");
}

TEST_CASE("a proxy that knows only other ways than Basic says so, whatever it was told before") {
  check_fails(http_with_password,
              "HTTP/1.1 407 No\r\nProxy-Authenticate: Digest\r\n\r\n",
              "wants authentication, but not Basic");
  check_fails(http_with_password, "HTTP/1.1 407 No\r\n\r\n", "the proxy refuses these credentials");
}

TEST_CASE("a 407 that does not offer Basic fails with what it offers") {
  const std::string start = "HTTP/1.1 407 No\r\nContent-Length: 0\r\n";
  check_fails(http,
              start + "Proxy-Authenticate: Digest realm=\"Basic\"\r\n" +
                  "Proxy-Authenticate: Negotiate, NTLM\r\n\r\n",
              "wants authentication, but not Basic: it offers Digest, Negotiate, NTLM");
  check_fails(http, start + "\r\n", "wants authentication, but not Basic: it offers nothing");
  const Outcome outcome =
      hear(http, start + "Proxy-Authenticate: \x1b" + std::string(9'000, 'x') + "\r\n\r\n");
  CHECK(outcome.failure.starts_with("wants authentication, but not Basic: it offers \\x1bxxx"));
  CHECK(outcome.failure.size() < 400);
}

TEST_CASE("Basic is found among several challenges, in any case") {
  for (const char* field : {"Proxy-Authenticate: Negotiate, basic realm=x\r\n",
                            "proxy-authenticate:BASIC\r\n",
                            "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic\r\n"})
    CHECK(state_after(http, "HTTP/1.1 407 No\r\n"s + field + "\r\n") ==
          State::wants_new_connection);
}

TEST_CASE("no failure tells the credentials") {
  for (const std::string& answer : {""s, "x\r\n"s, wants_basic, "HTTP/1.1 403 No\r\n"s}) {
    const auto machine = http_with_password();
    peer::converse(*machine, answer);
    machine->end();
    CHECK(machine->state() == State::failed);
    for (const char* part : {"alice", "secret", "YWxpY2U6c2VjcmV0"})
      CHECK(machine->failure().find(part) == std::string::npos);
  }
}
