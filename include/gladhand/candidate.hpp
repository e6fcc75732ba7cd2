// Candidate: an endpoint with what the system would use to reach it, and what ranks it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// The source address the kernel would choose for a destination, with what [RFC 6724 §6] asks
/// about it.
struct Source {
  Endpoint address;
  int prefix_length = 128;    ///< of its subnet; bounds rule 9
  bool deprecated = false;    ///< rule 3
  bool home = false;          ///< a Mobile IPv6 home address, rule 4
  bool encapsulated = false;  ///< the route takes a tunnel (6to4, SIT, GRE, ...), rule 7
};

/// A place among the hosts of service records: a smaller one is tried first [HEv3 §5.2].
using CandidateGroup = std::uint32_t;

/// Of addresses that belong to no record: the last.
inline constexpr CandidateGroup unassociated = 0xffffffff;

/// An endpoint the dial may try. Without a source the machine has no route to it.
struct Candidate {
  Endpoint endpoint;
  std::optional<Source> source;
  CandidateGroup group = unassociated;
  bool is_hint = false;  ///< an answer about its host may take its place [HEv3 §4.2.1]
  /// The IPv4 address that a NAT64 reaches by it: what it is sorted as [HEv3 §8.2].
  std::optional<in_addr> stands_for{};
};

/// The family that it is sorted as; empty for one that is neither IPv6 nor IPv4.
std::optional<Family> family_of(const Candidate& candidate);

/// The rules of [RFC 6724 §6], by number, what comes before them all, and those of history,
/// which stand between others.
enum class Rule : std::uint8_t {
  service_order = 0,  ///< another host's record comes first
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
  answers_here = 11,        ///< behind rule 1: it has failed on this network, or its family has
  shorter_round_trip = 12,  ///< behind rule 8 [HEv3 §5.3]
  used_before = 13,         ///< behind that
};

/// The rule in words, e.g. "higher precedence".
std::string_view to_string(Rule rule);

}  // namespace gladhand
