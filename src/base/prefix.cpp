#include "base/prefix.hpp"

#include <bit>
#include <charconv>

#include "gladhand/endpoint.hpp"

namespace gladhand {

namespace {

bool is_mapped(const in6_addr& address) {
  return IN6_IS_ADDR_V4MAPPED(&address);
}

}  // namespace

std::optional<Prefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const auto endpoint = parse_address(address, 0);
  if (!endpoint || address.find('%') != address.npos) return std::nullopt;
  const int width = endpoint->family() == Family::ipv4 ? 32 : 128;
  int length = width;
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, length);
    if (error != std::errc() || stop != end || length < 0 || length > width) return std::nullopt;
  }
  return Prefix{endpoint->mapped(), 128 - width + length};
}

bool has_prefix(const in6_addr& address, const Prefix& prefix) {
  return is_mapped(address) == is_mapped(prefix.bits) &&
         common_prefix_length(address, prefix.bits) >= prefix.length;
}

int common_prefix_length(const in6_addr& a, const in6_addr& b) {
  for (int i = 0; i < 16; ++i) {
    const auto differing = static_cast<unsigned char>(a.s6_addr[i] ^ b.s6_addr[i]);
    if (differing != 0) return 8 * i + std::countl_zero(differing);
  }
  return 128;
}

}  // namespace gladhand
