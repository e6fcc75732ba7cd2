#include "names/nsswitch.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/letters.hpp"
#include "base/words.hpp"

namespace gladhand {

namespace {

std::optional<NssStatus> read_status(std::string_view word) {
  if (equal_words(word, "success")) return NssStatus::success;
  if (equal_words(word, "notfound")) return NssStatus::notfound;
  if (equal_words(word, "unavail")) return NssStatus::unavail;
  if (equal_words(word, "tryagain")) return NssStatus::tryagain;
  return std::nullopt;
}

// "NOTFOUND=return" or "!UNAVAIL=return". "merge" goes on, as "continue" does.
void apply_action(std::string_view word, NssModule& module) {
  const std::size_t equals = word.find('=');
  if (equals == word.npos) return;
  std::string_view status = word.substr(0, equals);
  const std::string_view action = word.substr(equals + 1);
  const bool inverted = status.starts_with('!');
  if (inverted) status.remove_prefix(1);
  const auto named = read_status(status);
  const bool ends = equal_words(action, "return");
  if (!named || (!ends && !equal_words(action, "continue") && !equal_words(action, "merge")))
    return;
  for (std::size_t i = 0; i < module.ends.size(); ++i)
    if ((i == static_cast<std::size_t>(*named)) != inverted) module.ends[i] = ends;
}

// Brackets need no blanks around them, and may have some inside.
std::vector<NssModule> read_line(std::string_view line) {
  std::vector<NssModule> modules;
  while (!line.empty()) {
    const std::size_t bracket = std::min(line.find('['), line.size());
    for (const std::string_view name : split_words(line.substr(0, bracket)))
      modules.push_back({.name = std::string(name)});
    line.remove_prefix(bracket);
    const std::size_t end = std::min(line.find(']'), line.size());
    if (!line.empty() && !modules.empty())
      for (const std::string_view action : split_words(line.substr(1, end - 1)))
        apply_action(action, modules.back());
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return modules;
}

// Whatever its file is called: mdns, mdns4, mdns4_minimal, mdns_minimal, ...
bool is_mdns(const NssModule& module) {
  return module.name.starts_with("mdns");
}

bool asks_dns(const NssModule& module) {
  return module.name == "dns" || module.name == "resolve";
}

bool is_for_libc(const NssModule& module) {
  return module.name != "files" && !asks_dns(module) && !is_mdns(module);
}

using Line = std::vector<NssModule>;

// systemd-resolved reads the hosts file, too.
bool has_files_first(const Line& line, Line::const_iterator dns) {
  const auto files = std::ranges::find(line, "files", &NssModule::name);
  if (files == line.end()) return dns != line.end() && dns->name == "resolve";
  return files < dns || dns->name == "resolve";
}

void add(NamePlan& plan, NameStep::Kind kind, NssModule module = {}) {
  plan.steps.push_back({kind, std::move(module)});
}

NamePlan plan_automatically(const NameTraits& name, const Line& line) {
  using Kind = NameStep::Kind;
  NamePlan plan;
  const auto dns = std::ranges::find_if(line, asks_dns);
  plan.files_first = has_files_first(line, dns);
  const bool only_files =
      plan.files_first && std::any_of(line.begin(), dns, [](const auto& module) {
        return module.name == "files" && module.ends_on(NssStatus::notfound);
      });
  if (only_files) return plan;
  const bool mdns_first = name.is_local && std::any_of(line.begin(), dns, is_mdns);
  if (mdns_first) add(plan, Kind::mdns);
  for (auto it = line.begin(); it != dns; ++it)
    if (is_for_libc(*it) && it->ends_on(NssStatus::notfound)) add(plan, Kind::module, *it);
  // "resolve [!UNAVAIL=return]" goes on where there is no systemd-resolved.
  if (dns != line.end()) add(plan, Kind::dns, dns->name == "dns" ? *dns : NssModule{});
  if (name.is_local && !mdns_first) add(plan, Kind::mdns);
  const bool resolves =
      name.has_stub || std::ranges::find(line, "resolve", &NssModule::name) != line.end();
  if (resolves && name.is_single) add(plan, Kind::resolved);
  for (auto it = line.begin(); it != line.end(); ++it) {
    const bool is_planned = it < dns && it->ends_on(NssStatus::notfound);
    if (is_for_libc(*it) && !is_planned) add(plan, Kind::module, *it);
    if (it->name == "files" && !plan.files_first) add(plan, Kind::files, *it);
  }
  return plan;
}

}  // namespace

std::vector<NssModule> parse_nsswitch(std::string_view text) {
  std::vector<NssModule> modules = {{.name = "files"}, {.name = "dns"}};
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, std::min(text.find('#'), length));
    text.remove_prefix(std::min(length + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const auto database = split_words(line.substr(0, colon));
    if (database.size() == 1 && database[0] == "hosts") modules = read_line(line.substr(colon + 1));
  }
  return modules;
}

NamePlan plan_names(const NameTraits& name, const std::vector<NssModule>& line, NameRules rules) {
  if (rules == NameRules::automatic) return plan_automatically(name, line);
  NamePlan plan;
  if (rules == NameRules::system) {
    plan.files_first = false;
    add(plan, NameStep::Kind::system);
    return plan;
  }
  add(plan, NameStep::Kind::dns);
  for (const NssModule& module : line)
    if (is_for_libc(module) || (is_mdns(module) && name.is_local))
      plan.unasked.push_back(module.name);
  if (name.is_local && std::ranges::none_of(line, is_mdns)) plan.unasked.emplace_back("mDNS");
  return plan;
}

}  // namespace gladhand
