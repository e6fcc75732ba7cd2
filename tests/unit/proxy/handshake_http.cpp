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
const std::string request =
    "CONNECT db.example:22 HTTP/1.1\r\nHost: db.example:22\r\nUser-Agent: gladhand\r\n";
const std::string authorization = "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
const std::string wants_basic =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n";
const std::string opened = "HTTP/1.1 200 OK\r\n\r\n";

Make asking(const Destination& destination,
            const std::optional<Credentials>& credentials = std::nullopt) {
  return [=] { return ask_proxy(ProxyScheme::http, destination, {.credentials = credentials}); };
}

const Make http = asking(to_name("db.example"));
const Make http_with_password = asking(to_name("db.example"), alice);

const std::string wants_digest_field =
    "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n";
const std::string digest_challenge =
    R"(Digest realm="p", nonce="n1", qop="auth", algorithm=SHA-256)";

const Make http_with_digest = [] {
  return ask_proxy(
      ProxyScheme::http,
      to_name("db.example"),
      {.credentials = alice, .challenge = digest_challenge, .nonce = "0123456789abcdef"});
};

State state_after(const Make& make, const std::string& answer) {
  return hear_in_any_split(make, answer).state;
}

void check_wants_credentials(const std::string& answer) {
  CAPTURE(answer);
  CHECK(state_after(http, answer) == State::wants_new_connection);
}

Handshake::Blame blamed(const Make& make, const std::string& answer) {
  const auto machine = make();
  peer::converse(*machine, answer);
  return machine->blame();
}

std::string hint_after(const Make& make, const std::string& answer) {
  const auto machine = make();
  peer::converse(*machine, answer);
  return machine->hint();
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
        "CONNECT 192.0.2.7:2222 HTTP/1.1\r\nHost: 192.0.2.7:2222\r\nUser-Agent: gladhand\r\n\r\n");
  CHECK(sent(asking(to_address("2001:db8::1"))) ==
        "CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\nUser-Agent: "
        "gladhand\r\n\r\n");
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
                           "220 smtp.example ESMTP"})
    check_fails(http, line + "\r\n"s, "speaks no HTTP/1: it answered " + gladhand::in_quotes(line));
}

TEST_CASE("a peer of another protocol is found out before it ends a line") {
  check_fails(http, "\x05\xff", "speaks no HTTP/1: it answered '\\x05', as SOCKS5 does");
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
  for (int code = 400; code < 1000; ++code)
    if (code != 401 && code != 407)
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
              "wants authentication, but neither Basic nor a Digest that gladhand knows");
  check_fails(http, "HTTP/1.1 499 " + told + "\r\n", "499 " + told);
}

TEST_CASE("a 407 is answered on a new connection, and nothing behind its fields is taken") {
  for (const char* fields : {"",
                             "Content-Length: 3\r\n",
                             "Content-Length: 3\r\nConnection: close\r\n",
                             "Connection: keep-alive\r\nContent-Length: 0\r\n",
                             "Transfer-Encoding: chunked\r\n"}) {
    CAPTURE(fields);
    const std::string answer = wants_basic + fields + "\r\n";
    const Outcome outcome = hear_in_any_split(http, answer + "no! " + opened);
    CHECK(outcome.state == State::wants_new_connection);
    CHECK(outcome.consumed == answer.size());
    CHECK(outcome.sent == request + "\r\n");
  }
}

TEST_CASE("a 407 that is cut is no answer, and one that is not may be followed by the end") {
  check_cuts(http, wants_basic + "\r\n");
  const auto machine = http();
  peer::converse(*machine, wants_basic + "\r\n");
  machine->end();
  CHECK(machine->state() == State::wants_new_connection);
}

TEST_CASE("401 and a 407 without a challenge are questions for a password, too") {
  check_wants_credentials("HTTP/1.1 401 Unauthorized\r\n\r\n");
  check_wants_credentials("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"p\"\r\n\r\n");
  check_wants_credentials("HTTP/1.1 407 No\r\n\r\n");
}

TEST_CASE("credentials that were told and refused are not told again") {
  for (const char* answer : {"HTTP/1.1 401 Unauthorized\r\n", "HTTP/1.1 407 No\r\n\r\n"})
    check_fails(http_with_password, answer, "the proxy refuses these credentials");
  check_fails(http_with_password, wants_basic + "\r\n", "the proxy refuses these credentials");
  CHECK(blamed(http_with_password, wants_basic + "\r\n") == Handshake::Blame::credentials);
  const std::string both = wants_basic + wants_digest_field + "\r\n";
  check_fails(http_with_password, both, "the proxy refuses these credentials");
  check_fails(http_with_digest, both, "the proxy refuses these credentials");
}

TEST_CASE("a 407 with no way that gladhand knows fails with what it offers") {
  const std::string start = "HTTP/1.1 407 No\r\nContent-Length: 0\r\n";
  const std::string neither =
      "wants authentication, but neither Basic nor a Digest that gladhand knows";
  const std::string windows = start +
                              "Proxy-Authenticate: Digest realm=\"Basic\", algorithm=X\r\n" +
                              "Proxy-Authenticate: Negotiate, ntlm\r\n\r\n";
  check_fails(http, windows, neither + ": it offers Digest, Negotiate, ntlm");
  check_fails(http_with_password, windows, neither + ": it offers Digest, Negotiate, NTLM");
  CHECK(hint_after(http, windows).find("cntlm") != std::string::npos);
  CHECK(hint_after(http, start + "Proxy-Authenticate: Bearer\r\n\r\n").empty());
  const Outcome outcome =
      hear(http, start + "Proxy-Authenticate: \x1b" + std::string(9'000, 'x') + "\r\n\r\n");
  CHECK(outcome.failure.starts_with(neither + ": it offers \\x1bxxx"));
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

TEST_CASE("what another protocol says is named") {
  check_fails(http, "SSH-2.0-x\r\n", "speaks no HTTP/1: it answered 'SSH-2.0-x', as SSH does");
  check_fails(http, "\x15\x03", "speaks no HTTP/1: it answered '\\x15', as TLS does");
  check_fails(http_with_password, "\x05\x01", "speaks no HTTP/1, as SOCKS5 does");
  CHECK(hint_after(http, "SSH-2.0-x\r\n").find("no proxy") != std::string::npos);
}

TEST_CASE("a proxy that lets nobody through to port 22 may do so for 443") {
  const std::string forbidden = "HTTP/1.1 403 Forbidden\r\n";
  CHECK(hint_after(http, forbidden).find("443") != std::string::npos);
  CHECK(hint_after(asking(to_name("db.example", 443)), forbidden).empty());
}

TEST_CASE("another page in place of a connection is what the login of a network shows") {
  check_fails(http,
              "HTTP/1.1 302 Found\r\n",
              "302 Found: it shows another page instead, as the login of a network does");
}

TEST_CASE("an answer that calls itself a page is one where a page follows, and a connection else") {
  const std::string page = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";
  for (const char* start : {"<html>", "\r\n<!DOCTYPE html>"}) {
    const Outcome outcome = hear_in_any_split(http, page + start);
    CHECK(outcome.failure ==
          "200: it shows a page instead of connecting, as the login of a network does");
    CHECK(outcome.consumed == page.size());
  }
  const Outcome outcome = hear_in_any_split(http, page + banner);
  CHECK(outcome.state == State::done);
  CHECK(outcome.consumed == page.size());
  const auto quiet = http();
  CHECK(peer::converse(*quiet, page).state == State::talking);
  quiet->silence();
  CHECK(quiet->state() == State::done);
  check_cuts(http, page);
  const auto closing = http();
  peer::converse(*closing, page);
  closing->end();
  CHECK(closing->state() == State::failed);
  const auto slow = http();
  slow->silence();
  CHECK(slow->state() == State::talking);
  check_opens(http, "HTTP/1.1 200 OK\r\nContent-Type: application/x-tunnel\r\n\r\n");
}

TEST_CASE("a proxy that says nothing at all may want TLS, or a password") {
  const auto hint = [](const Make& make, const std::string& heard) {
    const auto machine = make();
    peer::converse(*machine, heard);
    machine->end();
    return machine->hint();
  };
  CHECK(hint(http, "") == "a proxy that wants TLS or a password may do so");
  CHECK(hint(http_with_password, "") == "a proxy that wants TLS may do so");
  CHECK(hint(http, "HTTP/1.1 2").empty());
}

TEST_CASE("fields of the user's come with the request, one of them in place of ours") {
  const auto with = [](std::vector<std::string> fields) {
    return ask_proxy(ProxyScheme::http,
                     to_name("db.example"),
                     {.credentials = alice, .fields = std::move(fields)})
        ->take_output();
  };
  CHECK(with({"X-Team: a", "X-Team: b"}) ==
        request + "X-Team: a\r\nX-Team: b\r\n" + authorization + "\r\n");
  CHECK(with({"user-agent: Mozilla/5.0"}) ==
        "CONNECT db.example:22 HTTP/1.1\r\nHost: db.example:22\r\nuser-agent: Mozilla/5.0\r\n" +
            authorization + "\r\n");
  CHECK(with({"Proxy-Authorization: Bearer t0ken"}) ==
        request + "Proxy-Authorization: Bearer t0ken\r\n\r\n");
}

TEST_CASE("[RFC 9110 §5.5] no field of the user's can end the request early or change it") {
  using gladhand::read_field;
  CHECK(read_field("X-Team:  a b\t") == "X-Team: a b");
  CHECK(read_field("X-Empty:") == "X-Empty: ");
  for (const char* text : {"",
                           "X-Team",
                           ": value",
                           "X Team: a",
                           "X-Team : a",
                           " X-Team: a",
                           "X-Team\r\nY: a",
                           "X-Team: hidden\r\nY: b",
                           "X-Team: hidden\n",
                           "X-Team: hidden\x01",
                           "Host: hidden",
                           "content-length: 5",
                           "Transfer-Encoding: chunked"}) {
    CAPTURE(text);
    try {
      read_field(text);
      FAIL("is taken");
    } catch (const gladhand::UsageError& error) {
      CHECK(std::string(error.what()).find("hidden") == std::string::npos);
    }
  }
}

TEST_CASE("a password that would end the request early is not told") {
  const auto machine = asking(to_name("db.example"), Credentials{"alice", "a\r\nHost: x"})();
  CHECK(machine->state() == State::failed);
  CHECK(machine->take_output().empty());
}
