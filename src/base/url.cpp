#include "base/url.hpp"

#include <algorithm>
#include <charconv>

namespace gladhand {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_of_scheme(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

}  // namespace

std::optional<std::string_view> url_scheme(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end == url.npos || end == 0) return std::nullopt;
  const std::string_view scheme = url.substr(0, end);
  if (!is_letter(scheme[0]) || !std::ranges::all_of(scheme, is_of_scheme)) return std::nullopt;
  return scheme;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    unsigned char octet = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, octet, 16);
    if (digits.size() != 2 || stop != end || error != std::errc()) return std::nullopt;
    decoded += static_cast<char>(octet);
    at += 2;
  }
  return decoded;
}

}  // namespace gladhand
