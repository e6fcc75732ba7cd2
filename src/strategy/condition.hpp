// Conditions of rules: what can be asked for, and whether it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/network_facts.hpp"
#include "strategy/rule.hpp"

namespace gladhand {

/// What rules know of a target.
struct TargetFacts {
  std::string host;  ///< as on the command line
  std::string port;  ///< the same; may be empty
  std::string tag;   ///< --tag; may be empty
};

/// The names that conditions have in a file: "host", "gateway", ...
std::vector<std::string> subject_names();

std::optional<Subject> find_subject(std::string_view name);

std::string_view to_string(Subject subject);

/// What is wrong with the values of a condition; empty where nothing is.
std::string fault_of(const Condition& condition);

/// Why a condition does not hold: "gateway is 192.0.2.1, not 198.51.100.1"; empty where it holds.
std::string why_not(const Condition& condition, const TargetFacts& target, NetworkFacts& network);

}  // namespace gladhand
