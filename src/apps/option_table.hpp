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
#include <vector>

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

/// How an option looks. `value` is empty for a flag, and in brackets where it may be left out; an
/// option that may be repeated is given all its values, another its last one.
struct OptionText {
  const char* names;
  const char* value;
  bool repeatable;
  Needs needs;
  const char* group;
  const char* help;
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

  /// Parses and applies. Returns the text that --help or --version ask for, and applies nothing
  /// then. Throws UsageError.
  std::optional<std::string> parse(int argc, const char* const* argv);

  /// The options that were given.
  const std::vector<const OptionText*>& given() const { return given_; }

  bool is_given(std::string_view name) const;

  /// Throws UsageError when both were given.
  void exclude(std::string_view one, std::string_view other) const;

  /// Throws UsageError when `one` was given without `other`.
  void require(std::string_view one, std::string_view other) const;

 private:
  struct Row {
    const OptionText* text;
    std::function<void(const Values&)> apply;
    CLI::Option* option = nullptr;
  };

  void add_needed(std::span<const char* const> words);
  void add(Row& row);
  void apply();
  [[noreturn]] void reject(const CLI::ParseError& error) const;

  std::unique_ptr<CLI::App> app_;
  std::string hint_;
  std::function<std::string()> version_;
  std::vector<Row> rows_;
  std::vector<const OptionText*> given_;
};

}  // namespace gladhand
