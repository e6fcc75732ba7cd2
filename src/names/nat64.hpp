// NAT64: IPv4 addresses inside of IPv6 ones [RFC 6052], and the prefixes that a network has for
// them [RFC 7050].
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// Whose AAAA records tell the prefixes [RFC 7050].
inline constexpr std::string_view pref64_name = "ipv4only.arpa";

struct Nat64Prefix {
  in6_addr address{};
  int length{};  ///< 32, 40, 48, 56, 64 or 96

  friend bool operator==(const Nat64Prefix& a, const Nat64Prefix& b);
};

/// "64:ff9b::/96".
std::string to_string(const Nat64Prefix& prefix);

/// Reads the same. Empty for another length, for bits behind it, or where octet 8 would not be 0.
std::optional<Nat64Prefix> parse_nat64_prefix(std::string_view text);

/// So many prefixes of a network count, the first ones.
inline constexpr std::size_t most_nat64_prefixes = 4;

/// The prefixes that the addresses of pref64_name tell, in their order, each once. An address in
/// which 192.0.0.170 or 192.0.0.171 stands at no place for it, or at more than one, tells none.
std::vector<Nat64Prefix> nat64_prefixes_in(std::span<const Endpoint> addresses);

/// What reaches an IPv4 address by the prefix, its port kept. Empty for what is never to go that
/// way: 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 [HEv3 §8.3]; and by the well-known
/// prefix what is not global [RFC 6052 §3.1].
std::optional<Endpoint> synthesize(const Nat64Prefix& prefix, const Endpoint& ipv4);

/// Whether some prefix could reach an IPv4 address.
bool may_be_synthesized(const Endpoint& ipv4);

/// The IPv4 address that an IPv6 one stands for by one of the prefixes.
std::optional<in_addr> ipv4_in(const Endpoint& ipv6, std::span<const Nat64Prefix> prefixes);

}  // namespace gladhand
