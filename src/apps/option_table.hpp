// The machinery of the command lines: tables of options, of which CLI11 is only given what a
// command line needs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strategy/read_rules.hpp"
#include "strategy/rule.hpp"

// Its header costs every translation unit 13 global objects.
namespace CLI {
class App;
class Option;
class ParseError;
}  // namespace CLI

namespace gladhand {

/// The values of one option, in the order of the command line.
using Values = std::vector<std::string>;

/// What an option needs to have a meaning.
enum class Needs : std::uint8_t {
  nothing,
  ip,          ///< an IPv4 or IPv6 socket
  ip_or_unix,  ///< one of these or a Unix socket
  tcp,         ///< a TCP (or MPTCP) socket
  internet,    ///< nothing, but wants no other kind of target
};

/// Where an option may be set.
enum class Where : std::uint8_t {
  everywhere,
  command_line,  ///< in no rule of a configuration file
};

/// How an option looks. `value` is empty for a flag, and in brackets where it may be left out; an
/// option that may be repeated is given all its values, another its last one.
struct OptionText {
  const char* names;
  const char* value;
  bool repeatable;
  Needs needs;
  const char* group;
  const char* help;
  Where where = Where::everywhere;
};

/// A row of a table: an option, and what it does to settings of some kind.
template <typename Settings>
struct Option {
  OptionText text;
  void (*apply)(Settings&, const Values&);
};

class CommandLine {
 public:
  /// `usage` is what stands behind "Usage:"; `version` makes the answer to --version.
  CommandLine(const std::string& name,
              const std::string& description,
              const std::string& usage,
              std::function<std::string()> version);
  ~CommandLine();

  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Adds a table. `rows` and `settings` must outlive this.
  template <typename Settings>
  void offer(std::span<const Option<Settings>> rows, Settings& settings) {
    for (const Option<Settings>& row : rows)
      rows_.push_back({&row.text, [&row, &settings](const Values& v) { row.apply(settings, v); }});
  }

  /// Adds what is no option, such as HOST: where it is given, `value` is set. All of them may be
  /// absent.
  void offer_argument(const std::string& name, std::optional<std::string>& value, const char* help);

  /// The same for any number of them.
  void offer_arguments(const std::string& name, std::vector<std::string>& values, const char* help);

  /// From now on no two of these go together: parse() throws UsageError when both are on the
  /// command line, and preset() does not set the one beside the other.
  void exclude(std::string_view one, std::string_view other);

  /// Parses and applies. Returns the text that --help or --version ask for, and applies nothing
  /// then. Throws UsageError.
  std::optional<std::string> parse(int argc, const char* const* argv);

  /// The options, and whether rules may set them.
  std::vector<SettingKey> keys() const;

  /// Sets what a rule of a file has, after parse(). Returns why it does not: the command line or a
  /// rule before has it or what excludes it, or it is not `usable` here; empty where it counts. A flag that is
  /// "false" counts, and does nothing. Throws UsageError that begins with the place.
  std::string preset(const Setting& setting, const std::function<bool(Needs)>& usable);

  /// The options that were given, by the command line or by a rule.
  const std::vector<const OptionText*>& given() const { return given_; }

  bool is_given(std::string_view name) const;

  /// Whether the command line has it.
  bool is_typed(std::string_view name) const;

  /// Throws UsageError when the command line has `one`, and `other` was not given.
  void require(std::string_view one, std::string_view other) const;

 private:
  struct Row {
    const OptionText* text;
    std::function<void(const Values&)> apply;
    CLI::Option* option = nullptr;
  };

  const Row& row_of(std::string_view key) const;
  std::string excluded_by(const OptionText& text) const;
  void add_needed(std::span<const char* const> words);
  void add(Row& row);
  void apply();
  [[noreturn]] void reject(const CLI::ParseError& error) const;

  std::unique_ptr<CLI::App> app_;
  std::string hint_;
  std::function<std::string()> version_;
  std::vector<Row> rows_;
  std::vector<const OptionText*> given_;  // first those of the command line
  std::size_t typed_ = 0;                 // as many
  std::vector<std::pair<std::string_view, std::string_view>> exclusions_;
};

}  // namespace gladhand
