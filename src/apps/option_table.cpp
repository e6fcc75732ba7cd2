#include "apps/option_table.hpp"

#include <algorithm>
#include <utility>

#include "apps/cli11.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

class HelpText : public CLI::Formatter {
 public:
  explicit HelpText(std::string usage) : usage_(std::move(usage)) {}

 private:
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    return "\nUsage: " + usage_ + '\n';
  }

  std::string usage_;
};

bool is_flag(const OptionText& text) {
  return *text.value == '\0';
}

bool has_name(const OptionText& text, std::string_view name) {
  const std::string_view names = text.names;  // "-v,--verbose"
  const std::size_t comma = std::min(names.find(','), names.size());
  return name == names.substr(0, comma) || name == names.substr(names.rfind(',') + 1);
}

// What a rule calls the option: the last of its names, without dashes.
std::string_view key_of(const OptionText& text) {
  std::string_view key = text.names;
  key.remove_prefix(key.rfind(',') + 1);  // npos + 1: there is one name
  key.remove_prefix(key.find_first_not_of('-'));
  return key;
}

bool may_be_true(const OptionText& text) {
  return is_flag(text) || *text.value == '[';
}

// CLI11 reads a '=' behind a flag as yes or no, and an empty value as the next word's.
void check_value(const OptionText& text, std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == word.npos) return;
  const std::string name(word.substr(0, equals));
  if (is_flag(text)) throw UsageError(name + " takes no value");
  if (equals + 1 == word.size()) throw UsageError(name + ": the value is empty");
}

}  // namespace

CommandLine::CommandLine(const std::string& name,
                         const std::string& description,
                         const std::string& usage,
                         std::function<std::string()> version)
    : app_(std::make_unique<CLI::App>(description, name)),
      hint_("usage: " + usage + "; see '" + name + " --help'"),
      version_(std::move(version)) {
  app_->formatter(std::make_shared<HelpText>(usage));
  app_->set_version_flag("--version", version_, "Print versions and exit");
}

CommandLine::~CommandLine() = default;

void CommandLine::offer_argument(const std::string& name,
                                 std::optional<std::string>& value,
                                 const char* help) {
  app_->add_option_function<std::string>(
      name, [&value](const std::string& text) { value = text; }, help);
}

void CommandLine::offer_arguments(const std::string& name,
                                  std::vector<std::string>& values,
                                  const char* help) {
  app_->add_option(name, values, help);
}

std::optional<std::string> CommandLine::parse(int argc, const char* const* argv) {
  add_needed({argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0))});
  try {
    app_->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return app_->help();
  } catch (const CLI::CallForVersion&) {
    return version_() + '\n';
  } catch (const CLI::ParseError& error) {
    reject(error);
  }
  apply();
  for (const auto& [one, other] : exclusions_)
    if (is_given(one) && is_given(other))
      throw UsageError(std::string(one) + " and " + std::string(other) + " exclude each other");
  return std::nullopt;
}

// CLI11 compares every new option's name with all before it, so what is not on the command line
// is not put into it: a plain dial must not pay for the table's length. Whatever the tables do
// not hold, --help included, brings all of it in.
void CommandLine::add_needed(std::span<const char* const> words) {
  for (const std::string_view word : words) {
    if (word == "--") break;
    if (!word.starts_with('-')) continue;
    const bool longer = word.starts_with("--");
    const bool letters = !longer && word.size() > 2;  // of several flags, or one and its value
    bool known = !longer && !letters && word != "-h";
    for (Row& row : rows_) {
      const bool named = has_name(*row.text, word.substr(0, longer ? word.find('=') : 2));
      const bool has_letter = !std::string_view(row.text->names).starts_with("--");
      if (!named && !(letters && has_letter)) continue;
      if (named && longer) check_value(*row.text, word);
      known = known || (longer && named);
      add(row);
    }
    if (known) continue;
    for (Row& row : rows_) add(row);
  }
}

// A flag takes its optional value only behind a '=': the next word would be HOST.
void CommandLine::add(Row& row) {
  if (row.option != nullptr) return;
  const OptionText& text = *row.text;
  if (may_be_true(text)) {
    row.option = app_->add_flag(text.names);
  } else {
    row.option = app_->add_option(text.names)->expected(1)->allow_extra_args(false);
  }
  row.option->type_name(text.value)
      ->multi_option_policy(text.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                            : CLI::MultiOptionPolicy::TakeLast)
      ->description(text.help)
      ->group(text.group);
}

void CommandLine::apply() {
  for (const Row& row : rows_) {
    if (row.option == nullptr || row.option->empty()) continue;
    row.apply(row.option->reduced_results());
    given_.push_back(row.text);
  }
  typed_ = given_.size();
}

std::vector<SettingKey> CommandLine::keys() const {
  std::vector<SettingKey> keys;
  for (const Row& row : rows_)
    keys.push_back({std::string(key_of(*row.text)),
                    is_flag(*row.text),
                    row.text->repeatable,
                    row.text->where == Where::everywhere});
  return keys;
}

const CommandLine::Row& CommandLine::row_of(std::string_view key) const {
  return *std::ranges::find(rows_, key, [](const Row& row) { return key_of(*row.text); });
}

std::string CommandLine::excluded_by(const OptionText& text) const {
  for (const auto& [one, other] : exclusions_) {
    if (has_name(text, one) && is_given(other)) return std::string(other);
    if (has_name(text, other) && is_given(one)) return std::string(one);
  }
  return "";
}

std::string CommandLine::preset(const Setting& setting, const std::function<bool(Needs)>& usable) {
  const Row& row = row_of(setting.key);
  const OptionText& text = *row.text;
  if (const auto it = std::ranges::find(given_, &text); it != given_.end())
    return it - given_.begin() < static_cast<std::ptrdiff_t>(typed_) ? "the command line has it"
                                                                     : "a rule has it";
  const bool off = may_be_true(text) && setting.values.back() == "false";
  if (off) return "";
  if (const std::string other = excluded_by(text); !other.empty())
    return "beside " + other + " it has no meaning";
  if (!usable(text.needs)) return "it has no meaning for this host";
  try {
    row.apply(setting.values);
  } catch (const UsageError& error) {
    throw UsageError(to_string(setting.place) + ": " + error.what(), error.hint());
  }
  given_.push_back(&text);
  return "";
}

bool CommandLine::is_given(std::string_view name) const {
  return std::ranges::any_of(given_, [name](const OptionText* it) { return has_name(*it, name); });
}

bool CommandLine::is_typed(std::string_view name) const {
  return std::any_of(given_.begin(),
                     given_.begin() + static_cast<std::ptrdiff_t>(typed_),
                     [name](const OptionText* it) { return has_name(*it, name); });
}

void CommandLine::exclude(std::string_view one, std::string_view other) {
  exclusions_.emplace_back(one, other);
}

void CommandLine::require(std::string_view one, std::string_view other) const {
  if (is_typed(one) && !is_given(other))
    throw UsageError(std::string(one) + " has no meaning without " + std::string(other));
}

void CommandLine::reject(const CLI::ParseError& error) const {
  const std::vector<std::string> unexpected = app_->remaining();
  std::string message = printable(error.what());
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty())
    message = (unexpected.front().starts_with('-') ? "unknown option " : "unexpected argument ") +
              in_quotes(unexpected.front());
  throw UsageError(message, hint_);
}

}  // namespace gladhand
