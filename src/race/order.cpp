#include "race/order.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/prefix.hpp"

namespace gladhand {

namespace {

// Rules 1 to 8 and those of history rank one candidate without looking at another: a smaller number
// is better. That makes the comparison transitive, which rule 9 (pairs of one family) would not be.
constexpr std::array ranking_rules = {Rule::avoid_unusable,
                                      Rule::answers_here,
                                      Rule::matching_scope,
                                      Rule::avoid_deprecated,
                                      Rule::home_address,
                                      Rule::matching_label,
                                      Rule::higher_precedence,
                                      Rule::native_transport,
                                      Rule::smaller_scope,
                                      Rule::shorter_round_trip,
                                      Rule::used_before};
using Rank = std::array<int, ranking_rules.size()>;

constexpr int ipv4_starts_at = 96;  // inside ::ffff:0:0/96

Endpoint sorted_as(const Candidate& candidate) {
  return candidate.stands_for ? Endpoint(*candidate.stands_for, candidate.endpoint.port())
                              : candidate.endpoint;
}

Rank rank(const Candidate& candidate, const PolicyTable& policy, const Standing& standing) {
  const Endpoint destination = sorted_as(candidate);
  const int last = standing.is_last() ? 1 : 0;
  const int unused = standing.used ? 0 : 1;
  if (!candidate.source)
    return {1,
            last,
            0,
            0,
            0,
            0,
            -policy.precedence(destination),
            0,
            policy.scope(destination),
            standing.round_trip_class,
            unused};
  const Source& source = *candidate.source;
  return {
      0,
      last,
      policy.scope(destination) == policy.scope(source.address) ? 0 : 1,
      source.deprecated ? 1 : 0,
      source.home ? 0 : 1,
      policy.label(destination) == policy.label(source.address) ? 0 : 1,
      -policy.precedence(destination),
      source.encapsulated ? 1 : 0,
      policy.scope(destination),
      standing.round_trip_class,
      unused,
  };
}

bool is_ipv6(const Candidate& candidate) {
  return family_of(candidate) == Family::ipv6;
}

// Rule 9 counts no further than the source's own subnet. Outside of it, an IPv4 prefix says nothing
// about distance, and inside there is none: what is on the link goes first, as in glibc, but unlike
// there a round robin among neighbours survives.
int matching_prefix(const Candidate& candidate) {
  if (!candidate.source || candidate.stands_for) return 0;  // its source is of the other family
  const int length = candidate.source->prefix_length;
  const int common =
      common_prefix_length(candidate.endpoint.mapped(), candidate.source->address.mapped());
  if (is_ipv6(candidate)) return std::min(common, length);
  return common - ipv4_starts_at >= length ? length : 0;
}

// Sorts the entries of one family in a run of equals among themselves; the others keep their
// places.
void apply_rule_9(std::span<std::size_t> run,
                  std::span<const Candidate> candidates,
                  Family family) {
  std::vector<std::size_t> places;
  std::vector<std::size_t> ours;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (family_of(candidates[run[i]]) != family) continue;
    places.push_back(i);
    ours.push_back(run[i]);
  }
  std::ranges::stable_sort(ours, [&](std::size_t a, std::size_t b) {
    return matching_prefix(candidates[a]) > matching_prefix(candidates[b]);
  });
  for (std::size_t i = 0; i < places.size(); ++i) run[places[i]] = ours[i];
}

void interleave_group(std::span<const std::size_t> sorted,
                      std::span<const Candidate> candidates,
                      unsigned preferred_family_count,
                      std::vector<std::size_t>& result) {
  const bool first_is_ipv6 = is_ipv6(candidates[sorted.front()]);
  auto preferred = sorted.begin();
  auto rest = sorted.begin();
  const auto take = [&](auto& from, bool is_preferred) {
    from = std::find_if(from, sorted.end(), [&](std::size_t i) {
      return (is_ipv6(candidates[i]) == first_is_ipv6) == is_preferred;
    });
    if (from != sorted.end()) result.push_back(*from++);
  };
  for (unsigned i = 0; preferred != sorted.end() && i < std::max(preferred_family_count, 1U); ++i)
    take(preferred, true);
  while (preferred != sorted.end() || rest != sorted.end()) {
    take(rest, false);
    take(preferred, true);
  }
}

}  // namespace

std::optional<Family> family_of(const Candidate& candidate) {
  return candidate.stands_for ? Family::ipv4 : candidate.endpoint.family();
}

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::service_order: return "order of the service records";
    case Rule::avoid_unusable: return "has a route";
    case Rule::matching_scope: return "matching scope";
    case Rule::avoid_deprecated: return "source not deprecated";
    case Rule::home_address: return "home address";
    case Rule::matching_label: return "matching label";
    case Rule::higher_precedence: return "higher precedence";
    case Rule::native_transport: return "native transport";
    case Rule::smaller_scope: return "smaller scope";
    case Rule::longest_prefix: return "longest matching prefix";
    case Rule::unchanged_order: return "order of the answer";
    case Rule::answers_here: return "answers here";
    case Rule::shorter_round_trip: return "shorter round trip";
    case Rule::used_before: return "used before";
  }
  return "";
}

Rule deciding_rule(const Candidate& a,
                   const Candidate& b,
                   const PolicyTable& policy,
                   const Standing& standing_of_a,
                   const Standing& standing_of_b) {
  if (a.group != b.group) return Rule::service_order;
  const Rank first = rank(a, policy, standing_of_a);
  const Rank second = rank(b, policy, standing_of_b);
  for (std::size_t i = 0; i < first.size(); ++i)
    if (first[i] != second[i]) return ranking_rules[i];
  if (family_of(a) && family_of(a) == family_of(b) && matching_prefix(a) != matching_prefix(b))
    return Rule::longest_prefix;
  return Rule::unchanged_order;
}

std::vector<std::size_t> sort_destinations(std::span<const Candidate> candidates,
                                           const PolicyTable& policy,
                                           std::span<const Standing> standings) {
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() < 2) return order;
  std::vector<std::pair<CandidateGroup, Rank>> ranks;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Standing standing = standings.empty() ? Standing() : standings[i];
    ranks.emplace_back(candidates[i].group, rank(candidates[i], policy, standing));
  }
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return ranks[a] < ranks[b]; });
  for (auto begin = order.begin(); begin != order.end();) {
    const auto end =
        std::find_if(begin, order.end(), [&](std::size_t i) { return ranks[i] != ranks[*begin]; });
    for (const Family family : {Family::ipv6, Family::ipv4})
      apply_rule_9({begin, end}, candidates, family);
    begin = end;
  }
  return order;
}

std::vector<std::size_t> interleave(std::span<const std::size_t> sorted,
                                    std::span<const Candidate> candidates,
                                    unsigned preferred_family_count) {
  std::vector<std::size_t> result;
  result.reserve(sorted.size());
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const CandidateGroup group = candidates[*begin].group;
    const auto end = std::find_if(
        begin, sorted.end(), [&](std::size_t i) { return candidates[i].group != group; });
    interleave_group({begin, end}, candidates, preferred_family_count, result);
    begin = end;
  }
  return result;
}

}  // namespace gladhand
