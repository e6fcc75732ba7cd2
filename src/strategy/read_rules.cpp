#include "strategy/read_rules.hpp"

// The one file that includes it.
#define TOML_ENABLE_FORMATTERS 0
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "gladhand/error.hpp"
#include "strategy/condition.hpp"
#include "strategy/nearest.hpp"

namespace gladhand {

std::string to_string(const Place& place) {
  if (place.line == 0) return printable(place.file);
  return printable(place.file) + ':' + std::to_string(place.line) + ':' +
         std::to_string(place.column);
}

namespace {

class Reader {
 public:
  Reader(const std::string& file, std::span<const SettingKey> keys) : file_(file), keys_(keys) {}

  std::vector<StrategyRule> read(std::string_view text) const {
    const toml::parse_result parsed = toml::parse(text, file_);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      fail(error.source(), printable(error.description()) + hint_for(error.description()));
    }
    std::vector<StrategyRule> rules;
    for (const auto& [key, node] : parsed.table()) {
      if (key.str() != "rule") fail_outside(key);
      const toml::array* list = node.as_array();
      if (list == nullptr || !list->is_homogeneous<toml::table>())
        fail(node.source(), "a rule begins with [[rule]]");
      for (const toml::node& rule : *list) rules.push_back(read_rule(*rule.as_table()));
    }
    return rules;
  }

 private:
  Place place_of(const toml::source_region& where) const {
    return {file_, where.begin.line, where.begin.column};
  }

  [[noreturn]] void fail(const toml::source_region& where, const std::string& what) const {
    throw UsageError(to_string(place_of(where)) + ": " + what);
  }

  [[noreturn]] void fail_unknown(const toml::key& key, std::span<const std::string> known) const {
    const std::string near = nearest(key.str(), known);
    fail(key.source(),
         "unknown key " + in_quotes(key.str()) + (near.empty() ? "" : ", perhaps " + near));
  }

  // Of the library's words; what people forget.
  static std::string hint_for(std::string_view description) {
    return description.find("could not determine value type") == description.npos
               ? ""
               : ": a text stands in quotes";
  }

  bool is_known(std::string_view key) const {
    return key == "match" || key == "name" || key == "unless" ||
           std::ranges::find(keys_, key, &SettingKey::name) != keys_.end();
  }

  [[noreturn]] void fail_outside(const toml::key& key) const {
    if (is_known(key.str()))
      fail(key.source(), in_quotes(key.str()) + " stands in no rule: write [[rule]] before it");
    fail_unknown(key, std::array<std::string, 1>{"rule"});
  }

  StrategyRule read_rule(const toml::table& table) const {
    StrategyRule rule;
    rule.place = place_of(table.source());
    for (const auto& [key, node] : in_order(table)) {
      if (key->str() == "name") {
        rule.name = text_of(*node);
      } else if (key->str() == "match") {
        rule.match = read_conditions(*node);
      } else if (key->str() == "unless") {
        rule.unless = read_conditions(*node);
        if (rule.unless.empty()) fail(node->source(), "an empty unless is never fulfilled");
      } else {
        rule.settings.push_back(read_setting(*key, *node));
      }
    }
    return rule;
  }

  using Entry = std::pair<const toml::key*, const toml::node*>;

  // The library has them by name.
  static std::vector<Entry> in_order(const toml::table& table) {
    std::vector<Entry> entries;
    for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
    std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
      const toml::source_position& one = a.first->source().begin;
      const toml::source_position& other = b.first->source().begin;
      return std::pair(one.line, one.column) < std::pair(other.line, other.column);
    });
    return entries;
  }

  std::vector<Condition> read_conditions(const toml::node& node) const {
    const toml::table* table = node.as_table();
    if (table == nullptr) fail(node.source(), "conditions are a table: match.host = \"*.example\"");
    std::vector<Condition> conditions;
    for (const auto& [key, value] : in_order(*table)) {
      const auto subject = find_subject(key->str());
      if (!subject) fail_unknown(*key, subject_names());
      conditions.push_back({*subject, texts_of(*value), place_of(key->source())});
      if (const std::string fault = fault_of(conditions.back()); !fault.empty())
        fail(value->source(), std::string(key->str()) + ": " + fault);
    }
    // What costs nothing is looked at first.
    std::ranges::stable_sort(conditions, {}, &Condition::subject);
    return conditions;
  }

  Setting read_setting(const toml::key& key, const toml::node& node) const {
    const auto known = std::ranges::find(keys_, key.str(), &SettingKey::name);
    if (known == keys_.end()) {
      std::vector<std::string> names = {"match", "name", "unless"};
      for (const SettingKey& it : keys_)
        if (it.is_for_rules) names.push_back(it.name);
      fail_unknown(key, names);
    }
    const std::string name(key.str());
    if (!known->is_for_rules) fail(key.source(), name + " is for the command line alone");
    if (known->is_flag && !node.is_boolean()) fail(node.source(), name + " is true or false");
    if (node.is_array() && !known->takes_list) fail(node.source(), name + " takes one value");
    Setting setting{name, texts_of(node), place_of(key.source())};
    if (setting.values.empty() || std::ranges::find(setting.values, "") != setting.values.end())
      fail(node.source(), name + ": the value is empty");
    return setting;
  }

  std::vector<std::string> texts_of(const toml::node& node) const {
    const toml::array* list = node.as_array();
    if (list == nullptr) return {text_of(node)};
    std::vector<std::string> texts;
    for (const toml::node& item : *list) texts.push_back(text_of(item));
    return texts;
  }

  std::string text_of(const toml::node& node) const {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    if (const auto* number = node.as_floating_point()) return text_of_number(number->get());
    fail(node.source(), "a text, a number, or true or false is wanted here");
  }

  static std::string text_of_number(double number) {
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return {text.data(), end};
  }

  const std::string& file_;
  std::span<const SettingKey> keys_;
};

}  // namespace

std::vector<StrategyRule> read_rules(std::string_view text,
                                     const std::string& file,
                                     std::span<const SettingKey> keys) {
  return Reader(file, keys).read(text);
}

}  // namespace gladhand
