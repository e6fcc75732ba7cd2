#include "strategy/choose.hpp"

#include <algorithm>

namespace gladhand {

namespace {

std::string why_not(const StrategyRule& rule, const TargetFacts& target, NetworkFacts& network) {
  for (const Condition& condition : rule.match)
    if (std::string why = why_not(condition, target, network); !why.empty()) return why;
  if (rule.unless.empty()) return "";
  for (const Condition& condition : rule.unless)
    if (!why_not(condition, target, network).empty()) return "";
  return "what stands in its unless holds";
}

const Setting* find_first(const std::vector<Chosen>& chosen, const std::string& key) {
  const auto found = std::ranges::find(
      chosen, key, [](const Chosen& it) -> const std::string& { return it.setting->key; });
  return found == chosen.end() ? nullptr : found->setting;
}

}  // namespace

Choice choose(std::span<const StrategyRule> rules,
              const TargetFacts& target,
              NetworkFacts& network) {
  Choice choice;
  for (const StrategyRule& rule : rules) {
    choice.rules.push_back({&rule, why_not(rule, target, network)});
    if (!choice.rules.back().why_not.empty()) continue;
    for (const Setting& setting : rule.settings)
      choice.settings.push_back({&setting, find_first(choice.settings, setting.key)});
  }
  return choice;
}

}  // namespace gladhand
