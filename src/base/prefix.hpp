// A block of addresses, such as 192.0.2.0/24 or 2001:db8::/32.
#pragma once

#include <netinet/in.h>

#include <optional>
#include <string_view>

namespace gladhand {

struct Prefix {
  in6_addr bits{};  ///< IPv4 mapped into ::ffff:0:0/96
  int length = 0;   ///< of all 128 bits
};

/// "ADDRESS/LENGTH", or an address alone, which is a block of one. Nothing for any other text, nor
/// for an address with a zone.
std::optional<Prefix> parse_prefix(std::string_view text);

/// Whether `address` lies in `prefix`. IPv4 lies in no block of IPv6, not even in ::/0.
bool has_prefix(const in6_addr& address, const Prefix& prefix);

/// How many leading bits two addresses share, both read as IPv6.
int common_prefix_length(const in6_addr& a, const in6_addr& b);

}  // namespace gladhand
