#include "http/request.hpp"

#include <algorithm>
#include <cmath>

#include "base/decimal.hpp"

namespace gladhand {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// As a form encodes it. Empty for a '%' without its two digits.
std::optional<std::string> decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() < i + 3) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

bool read_query(std::string_view text, std::map<std::string, std::string>& into) {
  constexpr std::size_t most = 32;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = decode(pair.substr(0, equals));
    const auto value = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value || into.size() == most) return false;
    into[*name] = *value;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return result;
}

// X-Prometheus-Scrape-Timeout-Seconds: 9.5
void read_field(std::string_view line, HttpRequest& request) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || lower(line.substr(0, colon)) != "x-prometheus-scrape-timeout-seconds")
    return;
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const auto seconds = read_decimal(value);
  if (seconds && *seconds > 0 && *seconds < 1e6)
    request.patience = std::chrono::milliseconds(std::llround(*seconds * 1000));
}

std::string_view reason(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

}  // namespace

std::optional<HttpRequest> parse_http_request(std::string_view head) {
  const std::string_view first = head.substr(0, head.find("\r\n"));
  const std::size_t space = first.find(' ');
  const std::size_t last = first.rfind(' ');
  if (space == first.npos || space == last || !first.substr(last + 1).starts_with("HTTP/1."))
    return std::nullopt;
  const std::string_view target = first.substr(space + 1, last - space - 1);
  const auto path = decode(target.substr(0, target.find('?')));
  if (!path || !path->starts_with('/')) return std::nullopt;
  HttpRequest request{std::string(first.substr(0, space)), *path};
  const std::size_t question = target.find('?');
  if (question != target.npos && !read_query(target.substr(question + 1), request.query))
    return std::nullopt;
  std::string_view rest = head.substr(std::min(first.size() + 2, head.size()));
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    read_field(line, request);
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
  }
  return request;
}

std::string to_text(const HttpResponse& response, bool with_body) {
  return "HTTP/1.1 " + std::to_string(response.status) + ' ' +
         std::string(reason(response.status)) + "\r\nContent-Type: " + response.type +
         "\r\nContent-Length: " + std::to_string(response.body.size()) +
         (response.status == 405 ? "\r\nAllow: GET, HEAD" : "") +
         "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" +
         (with_body ? response.body : "");
}

}  // namespace gladhand
