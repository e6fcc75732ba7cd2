// A field that the user adds to a request. What would end the request early, or make another one of
// it, is refused [RFC 9110 §5.5]; no value is ever quoted: it may be a password.
#include <algorithm>
#include <array>

#include "base/letters.hpp"
#include "gladhand/error.hpp"
#include "proxy/handshake.hpp"
#include "proxy/http_fields.hpp"

namespace gladhand {

namespace {

constexpr std::string_view option = "--proxy-header";

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_of_value(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

// What says where the request goes and where it ends.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 4> ours = {
      "Content-Length", "Host", "Transfer-Encoding", "Upgrade"};
  return std::ranges::any_of(ours, [name](auto one) { return equal_words(one, name); });
}

}  // namespace

std::string read_field(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == text.npos || name.empty() || !std::ranges::all_of(name, is_token_character))
    throw UsageError(std::string(option) + " takes 'Name: value'");
  if (is_ours(name))
    throw UsageError(std::string(option) + ": " + std::string(name) + " is gladhand's own");
  const std::string_view value = trim(text.substr(colon + 1));
  if (!std::ranges::all_of(value, is_of_value))
    throw UsageError(std::string(option) + ": the value of " + std::string(name) +
                     " holds a line end or a control character");
  return std::string(name) + ": " + std::string(value);
}

}  // namespace gladhand
