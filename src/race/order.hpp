// The order in which candidates are tried: Destination Address Selection [RFC 6724 §6], then
// families interleaved [RFC 8305 §4], [HEv3 §5.3].
#pragma once

#include <span>
#include <vector>

#include "gladhand/candidate.hpp"
#include "race/history.hpp"
#include "race/policy.hpp"

namespace gladhand {

/// The rule that ranks `a` and `b` differently, `unchanged_order` when none does: their groups,
/// else one of the ten. Rule 9 is asked for two addresses of one family, and for IPv4 only within
/// the source's own subnet, as glibc does: beyond it would undo the rotation of round-robin DNS.
Rule deciding_rule(const Candidate& a,
                   const Candidate& b,
                   const PolicyTable& policy,
                   const Standing& standing_of_a = {},
                   const Standing& standing_of_b = {});

/// Positions in `candidates`, best first: by their groups, in each by all ten rules, and by those of
/// history where there are `standings`, one for each. Stable.
std::vector<std::size_t> sort_destinations(std::span<const Candidate> candidates,
                                           const PolicyTable& policy,
                                           std::span<const Standing> standings = {});

/// `sorted` with the families alternating, in each group by itself, after `preferred_family_count`
/// of the first one's, the order inside a family kept [HEv3 §5.3]. An endpoint of another kind
/// counts as IPv4. A count of 0 is read as 1.
std::vector<std::size_t> interleave(std::span<const std::size_t> sorted,
                                    std::span<const Candidate> candidates,
                                    unsigned preferred_family_count);

}  // namespace gladhand
