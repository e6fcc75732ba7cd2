// What a request for HTTP asks for, and what it is answered with.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace gladhand {

struct HttpRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query{};  ///< decoded; of a name that is there twice the last
  /// When who asks will not wait any longer, as Prometheus says it; empty: not told.
  std::optional<std::chrono::milliseconds> patience{};
};

struct HttpResponse {
  unsigned status = 200;
  std::string body{};
  std::string type = "text/plain; charset=utf-8";
};

/// Reads a request's head, the empty line at its end included [RFC 9112 §3, §5]. Empty for what is
/// none.
std::optional<HttpRequest> parse_http_request(std::string_view head);

/// The response as it is sent; `with_body` is false for HEAD.
std::string to_text(const HttpResponse& response, bool with_body);

}  // namespace gladhand
