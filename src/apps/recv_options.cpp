#include "apps/recv_options.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>

#include "apps/cli11.hpp"
#include "apps/option_values.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

constexpr const char* usage = "gladhand-recv [OPTIONS] [--exec PROGRAM ARGS...] -- COMMAND ARGS...";

std::string usage_hint() {
  return std::string("usage: ") + usage + "; see 'gladhand-recv --help'";
}

class HelpText : public CLI::Formatter {
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    return std::string("\nUsage: ") + usage + "\n";
  }
};

// The three parts of a command line. PROGRAM and COMMAND have options of their own, which CLI11
// must not see: the first "--" ends whatever is before it.
struct Parts {
  std::span<const char* const> options;  // the program's own name included
  std::vector<std::string> program;
  std::vector<std::string> command;
  bool has_program = false;
  bool has_command = false;
};

Parts split(std::span<const char* const> words) {
  using Word = std::string_view;
  Parts parts;
  const auto dashes = std::ranges::find(words, Word("--"), [](const char* w) { return Word(w); });
  const auto exec = std::find(words.begin(), dashes, Word("--exec"));
  parts.options = words.first(static_cast<std::size_t>(exec - words.begin()));
  parts.has_program = exec != dashes;
  if (parts.has_program) parts.program.assign(exec + 1, dashes);
  parts.has_command = dashes != words.end();
  if (parts.has_command) parts.command.assign(dashes + 1, words.end());
  return parts;
}

void check(const RecvSettings& settings, const Parts& parts) {
  if (!parts.has_command || settings.command.empty())
    throw UsageError("COMMAND is required, behind a '--'", usage_hint());
  if (parts.has_program && settings.program.empty())
    throw UsageError("--exec needs a PROGRAM", usage_hint());
  if (settings.timeout && settings.timeout->count() == 0)
    throw UsageError("--timeout must be over 0");
  if (settings.json + settings.relay + parts.has_program > 1)
    throw UsageError("--json, --exec and --relay exclude each other");
}

[[noreturn]] void reject(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unexpected = app.remaining();
  std::string message = printable(error.what());
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty())
    message =
        unexpected.front().starts_with('-')
            ? "unknown option " + in_quotes(unexpected.front())
            : "unexpected argument " + in_quotes(unexpected.front()) + ": COMMAND is behind a '--'";
  throw UsageError(message, usage_hint());
}

}  // namespace

RecvSettings parse_recv_command_line(int argc, const char* const* argv) {
  Parts parts = split({argv, static_cast<std::size_t>(argc)});
  RecvSettings settings{.command = std::move(parts.command), .program = std::move(parts.program)};
  std::string timeout;
  std::string joined;
  CLI::App app(
      "Run COMMAND as ssh runs a ProxyCommand with ProxyUseFdpass, take the socket that it passes\n"
      "and print what it is. Durations: 250ms, 2s; a bare number is seconds.",
      "gladhand-recv");
  app.formatter(std::make_shared<HelpText>());
  app.set_version_flag(
      "--version", "gladhand-recv " GLADHAND_VERSION, "Print the version and exit");
  app.add_flag("--json", settings.json, "Print one JSON object instead of text");
  app.add_flag("--relay", settings.relay, "Carry standard input and output over the socket");
  app.add_option("--exec",
                 joined,
                 "Become PROGRAM, the socket as its standard input and output; the words up to the "
                 "next '--' are its arguments")
      ->type_name("PROGRAM ARGS...");
  const CLI::Option* timed =
      app.add_option("--timeout",
                     timeout,
                     "End COMMAND when it has not passed a socket and ended by then [none]")
          ->type_name("DURATION")
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  try {
    app.parse(static_cast<int>(parts.options.size()), parts.options.data());
    if (!joined.empty()) throw UsageError("--exec and PROGRAM are two words", usage_hint());
    if (timed->count() > 0) settings.timeout = read_duration(timeout, "--timeout");
    check(settings, parts);
  } catch (const CLI::CallForHelp&) {
    settings.answer = app.help();
  } catch (const CLI::CallForVersion& version) {
    settings.answer = std::string(version.what()) + '\n';
  } catch (const CLI::ParseError& error) {
    reject(app, error);
  }
  return settings;
}

}  // namespace gladhand
