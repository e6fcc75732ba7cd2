// choose: what the rules of all files say of one target on one network.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "strategy/condition.hpp"
#include "strategy/rule.hpp"

namespace gladhand {

/// What became of one rule.
struct RuleReport {
  const StrategyRule* rule;
  std::string why_not;  ///< empty: it holds
};

/// A setting of a rule that holds.
struct Chosen {
  const Setting* setting;
  const Setting* before = nullptr;  ///< who has set the same first; null: this one counts
};

struct Choice {
  std::vector<RuleReport> rules;  ///< all of them, in order
  std::vector<Chosen> settings;   ///< of those that hold, in order
};

/// Goes through `rules` from top to bottom: each setting is that of the first rule that holds and
/// has it, as in ssh_config(5). `rules` must outlive what is returned.
Choice choose(std::span<const StrategyRule> rules,
              const TargetFacts& target,
              NetworkFacts& network);

}  // namespace gladhand
