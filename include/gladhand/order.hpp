// The order in which candidates are tried: Destination Address Selection [RFC 6724 §6], then
// families interleaved [RFC 8305 §4], [HEv3 §5.3].
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gladhand/candidate.hpp"
#include "gladhand/policy.hpp"

namespace gladhand {

/// The rules of [RFC 6724 §6], by number.
enum class Rule : std::uint8_t {
  avoid_unusable = 1,
  matching_scope = 2,
  avoid_deprecated = 3,
  home_address = 4,
  matching_label = 5,
  higher_precedence = 6,
  native_transport = 7,
  smaller_scope = 8,
  longest_prefix = 9,
  unchanged_order = 10,
};

/// The rule in words, e.g. "higher precedence".
std::string_view to_string(Rule rule);

/// The rule that ranks `a` and `b` differently, `unchanged_order` when none does. Rule 9 is asked
/// for two IPv6 addresses only: for IPv4 it would undo the rotation of round-robin DNS.
Rule deciding_rule(const Candidate& a, const Candidate& b, const PolicyTable& policy);

/// Positions in `candidates`, best first, by all ten rules. Stable.
std::vector<std::size_t> sort_destinations(std::span<const Candidate> candidates,
                                           const PolicyTable& policy);

/// `sorted` with the families alternating after `preferred_family_count` of the first one's, the
/// order inside a family kept [HEv3 §5.3]. An endpoint of another kind counts as IPv4. A count of
/// 0 is read as 1.
std::vector<std::size_t> interleave(std::span<const std::size_t> sorted,
                                    std::span<const Candidate> candidates,
                                    unsigned preferred_family_count);

}  // namespace gladhand
