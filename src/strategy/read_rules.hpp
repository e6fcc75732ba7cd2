// Reading a configuration file: TOML in, rules out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strategy/rule.hpp"

namespace gladhand {

/// An option, which a rule may set or must not.
struct SettingKey {
  std::string name;  ///< without dashes
  bool is_flag = false;
  bool takes_list = false;
  bool is_for_rules = true;
};

/// The rules of `text`, which `file` has. Throws UsageError that begins with the place of what is
/// wrong; for a key that is not known with the nearest that is.
std::vector<StrategyRule> read_rules(std::string_view text,
                                     const std::string& file,
                                     std::span<const SettingKey> keys);

}  // namespace gladhand
