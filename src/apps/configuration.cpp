#include "apps/configuration.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dns/system_network.hpp"
#include "gladhand/error.hpp"
#include "strategy/choose.hpp"
#include "strategy/read_rules.hpp"
#include "sys/environment.hpp"
#include "sys/trusted_file.hpp"

namespace gladhand {

namespace {

constexpr const char* of_system = "/etc/gladhand/config.toml";
// Options whose value is a path.
constexpr std::array<std::string_view, 5> paths = {
    "history", "log", "proxy-auth-file", "proxy-ca", "trace"};

// [XDG Base Directory Specification] a path that is not absolute is as if it was not set.
std::optional<std::string> path_of_user() {
  const auto configuration = environment_variable({"XDG_CONFIG_HOME"});
  if (configuration && configuration->starts_with('/'))
    return *configuration + "/gladhand/config.toml";
  const auto home = environment_variable({"HOME"});
  if (!home || !home->starts_with('/')) return std::nullopt;
  return *home + "/.config/gladhand/config.toml";
}

// No shell has read the file: "~/" leads home here.
void lead_home(std::vector<StrategyRule>& rules) {
  for (StrategyRule& rule : rules)
    for (Setting& setting : rule.settings)
      if (std::ranges::find(paths, setting.key) != paths.end())
        std::ranges::transform(setting.values, setting.values.begin(), led_home);
}

std::string words_of(const Setting& setting) {
  std::string text = printable(setting.key) + " = ";
  if (setting.key == "proxy-header") return text + "(not shown)";  // it may be a password
  for (std::size_t i = 0; i < setting.values.size(); ++i)
    text += (i == 0 ? "" : ", ") + printable(setting.values[i]);
  return text;
}

std::string words_of(const RuleReport& report) {
  const StrategyRule& rule = *report.rule;
  const std::string name = rule.name.empty() ? "rule" : "rule " + in_quotes(rule.name);
  return to_string(rule.place) + ": " + name +
         (report.why_not.empty() ? " holds\n" : " does not hold: " + report.why_not + '\n');
}

}  // namespace

std::vector<ConfigurationFile> find_configuration(const std::optional<std::string>& named) {
  if (named == "none") return {};
  std::vector<ConfigurationFile> files;
  const auto take = [&files](const std::string& path) {
    auto text = read_trusted_file(path);
    if (text) files.push_back({path, std::move(*text)});
    return text.has_value();
  };
  if (named) {
    if (!take(*named)) throw UsageError("--config: there is no " + in_quotes(*named) + " to read");
    return files;
  }
  if (const auto path = path_of_user()) take(*path);
  take(of_system);
  return files;
}

std::vector<StrategyRule> read_configuration(const std::vector<ConfigurationFile>& files,
                                             const CommandLine& line) {
  const std::vector<SettingKey> keys = line.keys();
  std::vector<StrategyRule> rules;
  for (const ConfigurationFile& file : files)
    std::ranges::move(read_rules(file.text, file.path, keys), std::back_inserter(rules));
  lead_home(rules);
  return rules;
}

// A setting is told below its rule, and set in the order of the rules but for the protocol, which
// decides what others mean.
std::string apply_rules(const std::vector<StrategyRule>& rules,
                        const TargetFacts& target,
                        CommandLine& line,
                        const std::function<bool(Needs)>& usable) {
  SystemNetwork network;
  const Choice choice = choose(rules, target, network);
  std::vector<std::string> unused(choice.settings.size());
  for (const bool protocol : {true, false})
    for (std::size_t i = 0; i < choice.settings.size(); ++i) {
      const auto& [setting, before] = choice.settings[i];
      if ((setting->key == "protocol") != protocol) continue;
      unused[i] = before != nullptr ? to_string(before->place) + " comes first"
                                    : line.preset(*setting, usable);
    }
  std::string text;
  std::size_t next = 0;
  for (const RuleReport& report : choice.rules) {
    text += words_of(report);
    if (!report.why_not.empty()) continue;
    for (const Setting& setting : report.rule->settings) {
      const std::string& why = unused[next++];
      text += to_string(setting.place) + ":   " + words_of(setting) +
              (why.empty() ? "" : " (not used: " + why + ')') + '\n';
    }
  }
  return text;
}

}  // namespace gladhand
