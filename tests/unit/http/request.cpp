// Requests for HTTP, and what is none.
#include "http/request.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gladhand;
using namespace std::chrono_literals;

TEST_SUITE("HTTP") {
  TEST_CASE("path and query are decoded") {
    const auto request = parse_http_request(
        "GET /probe?target=%5B2001%3adb8::1%5D:22&module=ssh_banner&x=a+b&empty HTTP/1.1\r\n"
        "Host: x\r\n\r\n");
    REQUIRE(request);
    CHECK(request->method == "GET");
    CHECK(request->path == "/probe");
    CHECK(request->query.at("target") == "[2001:db8::1]:22");
    CHECK(request->query.at("x") == "a b");
    CHECK(request->query.at("empty").empty());
    CHECK_FALSE(request->patience);
  }

  TEST_CASE("how long Prometheus waits is told in a field") {
    const auto patience = [](const std::string& value) {
      return parse_http_request("GET / HTTP/1.1\r\nx-Prometheus-Scrape-Timeout-Seconds:" + value +
                                "\r\n\r\n")
          ->patience;
    };
    CHECK(patience(" 9.5") == 9500ms);
    for (const char* wrong : {"", " -1", " nan", " inf", " 1e99", " 9,5"})
      CHECK_FALSE(patience(wrong));
  }

  TEST_CASE("what is no request") {
    for (const char* text : {"",
                             "\r\n\r\n",
                             "GET\r\n\r\n",
                             "GET /\r\n\r\n",
                             "GET  HTTP/1.1\r\n\r\n",
                             "GET x HTTP/1.1\r\n\r\n",
                             "GET /%2 HTTP/1.1\r\n\r\n",
                             "GET /?a=%zz HTTP/1.1\r\n\r\n",
                             "GET / SSH-2.0\r\n\r\n"})
      CHECK_FALSE(parse_http_request(text));
    std::string many = "GET /?";
    for (int i = 0; i < 100; ++i) many += "a" + std::to_string(i) + "&";
    CHECK_FALSE(parse_http_request(many + " HTTP/1.1\r\n\r\n"));
  }

  TEST_CASE("a response says how long it is; HEAD gets no body") {
    const std::string text = to_text({200, "abc"}, true);
    CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(text.find("Content-Length: 3\r\n") != text.npos);
    CHECK(text.ends_with("\r\n\r\nabc"));
    CHECK(to_text({200, "abc"}, false).ends_with("\r\n\r\n"));
    CHECK(to_text({405, ""}, true).find("Allow: GET, HEAD") != std::string::npos);
  }
}
