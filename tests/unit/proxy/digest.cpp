// Digest authentication: which challenge is taken, and what is answered.
#include "proxy/digest.hpp"

#include <doctest/doctest.h>

#include <string>

#include "handshakes.hpp"

using gladhand::answer_digest;
using gladhand::better_digest;
using gladhand::Credentials;

namespace {

const Credentials mufasa{"Mufasa", "Circle of Life"};
const std::string nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const std::string of_rfc = R"(realm="http-auth@example.org", qop="auth, auth-int", nonce=")" +
                           nonce + R"(", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("[RFC 7616 §3.9.1] the examples of the standard") {
  const auto answer = [](const std::string& algorithm) {
    return answer_digest("Digest " + of_rfc + ", algorithm=" + algorithm,
                         mufasa,
                         "GET",
                         "/dir/index.html",
                         "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
  };
  CHECK(has(answer("MD5"), "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5"));
  const std::string sha256 = answer("SHA-256");
  CHECK(has(sha256,
            "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
            "algorithm=SHA-256"));
  CHECK(sha256.starts_with("Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"" +
                           nonce + "\", uri=\"/dir/index.html\""));
  CHECK(has(sha256, "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
  CHECK(has(sha256,
            "qop=auth, nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""));
}

TEST_CASE("[RFC 2617 §3.5] [RFC 2069 §2.4] older proxies name no algorithm, or no qop") {
  const std::string realm = R"(Digest realm="testrealm@host.com")";
  const std::string its_nonce = R"(, nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093")";
  const Credentials old{"Mufasa", "Circle Of Life"};
  CHECK(has(
      answer_digest(realm + its_nonce + ", qop=auth", old, "GET", "/dir/index.html", "0a4f113b"),
      "response=\"6629fae49393a05397450978507c4ef1\""));
  const std::string without_qop =
      answer_digest(realm + its_nonce, old, "GET", "/dir/index.html", "0a4f113b");
  CHECK(has(without_qop, "response=\"670fd8c2df070c60b045671b8b24ff02\""));
  CHECK(!has(without_qop, "qop"));
  CHECK(!has(without_qop, "cnonce"));
}

TEST_CASE("the best challenge that can be answered is taken, wherever it stands") {
  const std::string md5 = R"(Digest realm="a, b", nonce="1", algorithm=md5)";
  const std::string sha256 = R"(digest realm="p", nonce="2", algorithm="SHA-256", qop="auth")";
  CHECK(better_digest("", md5) == md5);
  CHECK(better_digest("", "Basic realm=\"x\", " + md5 + ", " + sha256) == sha256);
  CHECK(better_digest(sha256, md5) == sha256);
  CHECK(better_digest(md5, sha256) == sha256);
  CHECK(better_digest(md5, "Negotiate") == md5);
}

TEST_CASE("a challenge that cannot be answered is none") {
  for (const char* field : {"",
                            "Basic realm=\"Digest \"",
                            "Digest",
                            "Digest realm=\"p\", nonce=\"1\", algorithm=MD5-sess",
                            "Digest realm=\"p\", nonce=\"1\", algorithm=SHA-512-256",
                            "Digest realm=\"p\", nonce=\"1\", qop=\"auth-int\"",
                            "Digest realm=\"p\x01\", nonce=\"1\""})
    CHECK(better_digest("", field).empty());
}

TEST_CASE("quotes and backslashes of names come back as they were meant") {
  const std::string answer = answer_digest(
      R"(Digest realm="a \"b\" \\c", nonce=1)", {"jo\"e\\", "x"}, "CONNECT", "db.example:22", "0");
  CHECK(answer.starts_with(R"(Digest username="jo\"e\\", realm="a \"b\" \\c", nonce="1")"));
}

TEST_CASE("a proxy that wants a Digest is asked for it with its own challenge, once") {
  using namespace handshakes;
  const std::string challenge = R"(Digest realm="p", nonce="n1", qop="auth")";
  const std::string answer =
      "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: " + challenge +
      "\r\n\r\n";
  const auto asking = [](std::optional<Credentials> credentials, std::string its_challenge) {
    return gladhand::ask_proxy(gladhand::ProxyScheme::http,
                               to_name("db.example"),
                               {.credentials = std::move(credentials),
                                .challenge = std::move(its_challenge),
                                .nonce = "7"});
  };
  for (const auto& credentials : {std::optional<Credentials>(), std::optional(mufasa)}) {
    const auto machine = asking(credentials, "");
    peer::converse(*machine, answer);
    CHECK(machine->state() == State::wants_new_connection);
    CHECK(machine->challenge() == challenge);
  }
  const auto machine = asking(mufasa, challenge);
  CHECK(has(machine->take_output(),
            "\r\nProxy-Authorization: " +
                answer_digest(challenge, mufasa, "CONNECT", "db.example:22", "7") + "\r\n\r\n"));
  peer::converse(*machine, answer);
  CHECK(machine->failure() == "the proxy refuses these credentials");
}
