// The configuration files: which there are, and what their rules set.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/option_table.hpp"
#include "strategy/condition.hpp"

namespace gladhand {

struct ConfigurationFile {
  std::string path;
  std::string text;
};

/// The file that is named, or the user's and the system's, in this order, where they are there;
/// "none" is none. Throws UsageError for one that others can write, and a named one that is not
/// there.
std::vector<ConfigurationFile> find_configuration(const std::optional<std::string>& named);

/// All rules of `files`, in order. Throws UsageError.
std::vector<StrategyRule> read_configuration(const std::vector<ConfigurationFile>& files,
                                             const CommandLine& line);

/// Sets by line.preset() what `rules` have for `target` on this network. Returns what was decided
/// and why, a line each.
std::string apply_rules(const std::vector<StrategyRule>& rules,
                        const TargetFacts& target,
                        CommandLine& line,
                        const std::function<bool(Needs)>& usable);

}  // namespace gladhand
