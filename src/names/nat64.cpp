#include "names/nat64.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/prefix.hpp"

namespace gladhand {

namespace {

constexpr std::array lengths = {32, 40, 48, 56, 64, 96};
constexpr std::size_t reserved = 8;  // octet "u", always 0 [RFC 6052 §2.2]

using Octets = std::array<std::uint8_t, 4>;

// Where the octets of the IPv4 address stand: behind the prefix, octet 8 left out.
std::array<std::size_t, 4> places(int length) {
  std::array<std::size_t, 4> result{};
  std::size_t at = static_cast<std::size_t>(length) / 8;
  for (std::size_t& place : result) {
    if (at == reserved) ++at;
    place = at++;
  }
  return result;
}

Octets octets_at(const in6_addr& address, int length) {
  Octets octets{};
  const auto at = places(length);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = address.s6_addr[at[i]];
  return octets;
}

in6_addr cut(const in6_addr& address, int length) {
  in6_addr prefix{};
  std::copy_n(address.s6_addr, length / 8, prefix.s6_addr);
  return prefix;
}

// [RFC 7050 §3] 192.0.0.170 and 192.0.0.171.
bool is_well_known(const Octets& octets) {
  return octets == Octets{192, 0, 0, 170} || octets == Octets{192, 0, 0, 171};
}

std::optional<Nat64Prefix> prefix_in(const in6_addr& address) {
  std::optional<Nat64Prefix> found;
  for (const int length : lengths) {
    if (length < 96 && address.s6_addr[reserved] != 0) continue;
    if (!is_well_known(octets_at(address, length))) continue;
    if (found) return std::nullopt;
    found = Nat64Prefix{cut(address, length), length};
  }
  return found;
}

// Every dial of an IPv4 address asks: these are not read from text.
constexpr Prefix block(const Octets& octets, int length) {
  in6_addr bits{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}};
  std::ranges::copy(octets, bits.s6_addr + 12);
  return {bits, 96 + length};
}

bool is_in(const Endpoint& ipv4, std::span<const Prefix> blocks) {
  return std::ranges::any_of(blocks,
                             [&ipv4](const Prefix& it) { return has_prefix(ipv4.mapped(), it); });
}

// Of one link, of this machine, of many receivers or of nobody.
constexpr std::array never = {
    block({0}, 8), block({127}, 8), block({169, 254}, 16), block({224}, 3)};

// [RFC 6890] private, shared, for protocols, documentation and measurements.
constexpr std::array not_global = {block({10}, 8),
                                   block({100, 64}, 10),
                                   block({172, 16}, 12),
                                   block({192, 0, 0}, 24),
                                   block({192, 0, 2}, 24),
                                   block({192, 168}, 16),
                                   block({198, 18}, 15),
                                   block({198, 51, 100}, 24),
                                   block({203, 0, 113}, 24)};

bool is_of_everybody(const Nat64Prefix& prefix) {
  constexpr in6_addr well_known{{{0, 0x64, 0xff, 0x9b}}};
  return prefix == Nat64Prefix{well_known, 96};
}

}  // namespace

bool operator==(const Nat64Prefix& a, const Nat64Prefix& b) {
  return a.length == b.length && std::memcmp(&a.address, &b.address, sizeof(in6_addr)) == 0;
}

std::string to_string(const Nat64Prefix& prefix) {
  return to_string(Endpoint(prefix.address, 0)) + '/' + std::to_string(prefix.length);
}

std::optional<Nat64Prefix> parse_nat64_prefix(std::string_view text) {
  const auto block = text.find(':') == text.npos ? std::nullopt : parse_prefix(text);
  if (!block || std::ranges::find(lengths, block->length) == lengths.end() ||
      block->bits.s6_addr[reserved] != 0)
    return std::nullopt;
  const Nat64Prefix prefix{block->bits, block->length};
  if (prefix != Nat64Prefix{cut(prefix.address, prefix.length), prefix.length}) return std::nullopt;
  return prefix;
}

std::vector<Nat64Prefix> nat64_prefixes_in(std::span<const Endpoint> addresses) {
  std::vector<Nat64Prefix> prefixes;
  for (const Endpoint& address : addresses) {
    if (address.family() != Family::ipv6 || prefixes.size() == most_nat64_prefixes) continue;
    const auto prefix = prefix_in(address.mapped());
    if (prefix && std::ranges::find(prefixes, *prefix) == prefixes.end())
      prefixes.push_back(*prefix);
  }
  return prefixes;
}

bool may_be_synthesized(const Endpoint& ipv4) {
  return ipv4.family() == Family::ipv4 && !is_in(ipv4, never);
}

std::optional<Endpoint> synthesize(const Nat64Prefix& prefix, const Endpoint& ipv4) {
  if (!may_be_synthesized(ipv4)) return std::nullopt;
  if (is_of_everybody(prefix) && is_in(ipv4, not_global)) return std::nullopt;
  const Octets octets = octets_at(ipv4.mapped(), 96);
  in6_addr address = prefix.address;
  const auto at = places(prefix.length);
  for (std::size_t i = 0; i < octets.size(); ++i) address.s6_addr[at[i]] = octets[i];
  return Endpoint(address, ipv4.port());
}

std::optional<in_addr> ipv4_in(const Endpoint& ipv6, std::span<const Nat64Prefix> prefixes) {
  if (ipv6.family() != Family::ipv6) return std::nullopt;
  const in6_addr address = ipv6.mapped();
  for (const Nat64Prefix& prefix : prefixes) {
    if (common_prefix_length(address, prefix.address) < prefix.length) continue;
    const Octets octets = octets_at(address, prefix.length);
    in_addr result{};
    std::memcpy(&result, octets.data(), sizeof(result));
    // Only what would have been made of it, down to the last octet, was.
    if (synthesize(prefix, Endpoint(result, ipv6.port())) == ipv6) return result;
  }
  return std::nullopt;
}

}  // namespace gladhand
