#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "gladhand/duration.hpp"
#include "gladhand/error.hpp"
#include "option_values.hpp"
#include "version.hpp"

namespace gladhand {

namespace {

using Values = std::vector<std::string>;

// One option. `value` is empty for a flag; an option that may be repeated is given all its values,
// another its last one.
struct Option {
  const char* names;
  const char* value;
  bool repeatable;
  const char* group;
  const char* help;
  void (*apply)(Settings&, const Values&);
};

constexpr const char* usage_hint =
    "usage: gladhand [OPTIONS] [--] HOST PORT; see 'gladhand --help'";

constexpr const char* addresses = "Addresses";
constexpr const char* race = "Race";
constexpr const char* reports = "Reports";

constexpr std::array options = {
    Option{"-4", "", false, addresses, "IPv4 only", [](Settings& s, const Values&) {
             s.dial.names.families = {Family::ipv4};
           }},
    Option{"-6", "", false, addresses, "IPv6 only", [](Settings& s, const Values&) {
             if (s.dial.names.families.size() == 1)
               throw UsageError("-4 and -6 exclude each other");
             s.dial.names.families = {Family::ipv6};
           }},
    Option{"--dns-server", "ADDR[:PORT]", true, addresses,
           "Ask this name server instead of those of /etc/resolv.conf",
           [](Settings& s, const Values& v) {
             for (const std::string& text : v)
               s.dial.names.dns_servers.push_back(read_dns_server(text));
           }},
    Option{"--resolve", "NAME:ADDR[,ADDR...]", true, addresses,
           "Use these addresses for NAME without asking anybody",
           [](Settings& s, const Values& v) {
             for (const std::string& text : v)
               s.dial.names.overrides.push_back(read_override(text));
           }},
    Option{"--timeout", "DURATION", false, race, "End the dial after this time [30s]",
           [](Settings& s, const Values& v) {
             s.dial.race.timeout = read_duration(v.back(), "--timeout");
             if (s.dial.race.timeout.count() == 0) throw UsageError("--timeout must be over 0");
           }},
    Option{"--connection-attempt-delay", "DURATION", false, race,
           "Time between two attempts, 10ms to 2s [250ms]",
           [](Settings& s, const Values& v) {
             s.dial.race.connection_attempt_delay =
                 read_duration(v.back(), "--connection-attempt-delay");
           }},
    Option{"--resolution-delay", "DURATION", false, race,
           "Time to wait for the preferred family's answer once the other is known [50ms]",
           [](Settings& s, const Values& v) {
             s.dial.race.resolution_delay = read_duration(v.back(), "--resolution-delay");
           }},
    Option{"--preferred-family-count", "N", false, race,
           "Addresses of the preferred family before one of the other [1]",
           [](Settings& s, const Values& v) {
             s.dial.race.preferred_family_count = read_count(v.back(), "--preferred-family-count");
           }},
    Option{"-v,--verbose", "", false, reports, "Tell every step on stderr",
           [](Settings& s, const Values&) { s.verbose = true; }},
    Option{"-q,--quiet", "", false, reports, "Tell errors only, without hints",
           [](Settings& s, const Values&) { s.quiet = true; }},
    Option{"--log", "FILE", false, reports, "Append the text of -v to FILE",
           [](Settings& s, const Values& v) { s.log_file = v.back(); }},
    Option{"--trace", "FILE", false, reports, "Append JSON lines to FILE ('-': stderr)",
           [](Settings& s, const Values& v) { s.trace_file = v.back(); }},
    Option{"--explain", "", false, reports,
           "Hand nothing over: run the race and draw it on stdout",
           [](Settings& s, const Values&) { s.explain = true; }},
};

// CLI11 compares every new option's name with all before it, so what is not on the command line
// is not put into it: a plain dial must not pay for the table's length. Whatever the table does
// not hold, --help included, brings all of it in.
bool names_option(const Option& option, std::string_view word) {
  const std::string_view names = option.names;
  if (!word.starts_with("--")) return !names.starts_with("--");
  return names.ends_with(word.substr(0, word.find('=')));
}

std::vector<const Option*> needed_options(std::span<const char* const> words) {
  std::vector<const Option*> needed;
  const auto need = [&needed](const Option& option) {
    if (std::ranges::find(needed, &option) == needed.end()) needed.push_back(&option);
  };
  for (const std::string_view word : words) {
    if (word == "--") break;
    if (!word.starts_with('-')) continue;
    bool known = false;
    for (const Option& option : options) {
      if (!names_option(option, word)) continue;
      known = known || word.starts_with("--");
      need(option);
    }
    if (!known && word.size() != 2) std::ranges::for_each(options, need);
    if (word == "-h") std::ranges::for_each(options, need);
  }
  return needed;
}

void add(CLI::App& app, const Option& option, Settings& settings) {
  if (*option.value == '\0') {
    app.add_flag_callback(
           option.names, [&] { option.apply(settings, {}); }, option.help)
        ->group(option.group);
    return;
  }
  CLI::Option* added = app.add_option_function<Values>(
      option.names, [&](const Values& values) { option.apply(settings, values); }, option.help);
  added->type_name(option.value)->group(option.group)->allow_extra_args(false);
  added->expected(1);
  if (option.repeatable) {
    added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  } else {
    added->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

[[noreturn]] void reject(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unexpected = app.remaining();
  std::string message = printable(error.what());
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty())
    message = (unexpected.front().starts_with('-') ? "unknown option " : "unexpected argument ") +
              in_quotes(unexpected.front());
  throw UsageError(message, usage_hint);
}

Settings parse_with_cli11(int argc, const char* const* argv) {
  Settings settings;
  CLI::App app("Connect to HOST and PORT, racing IPv6 and IPv4, and pass the connected socket over\n"
               "standard output to ssh (ProxyUseFdpass). Durations: 250ms, 2s; a bare number is\n"
               "seconds.",
               "gladhand");
  app.set_version_flag("--version", version_text, "Print versions and exit");
  const CLI::Option* host = app.add_option("HOST", settings.host, "Name or address");
  const CLI::Option* port = app.add_option("PORT", settings.port, "Number or service name");
  for (const Option* option :
       needed_options({argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0))}))
    add(app, *option, settings);
  try {
    app.parse(argc, argv);
    if (host->empty() || port->empty()) throw UsageError("HOST and PORT are required", usage_hint);
  } catch (const CLI::CallForHelp&) {
    settings.answer = app.help();
  } catch (const CLI::CallForVersion&) {
    settings.answer = version_text() + '\n';
  } catch (const CLI::ParseError& error) {
    reject(app, error);
  }
  return settings;
}

// "[--] HOST PORT": what ssh_config says for most, and nothing for CLI11 to do.
bool is_plain(std::span<const char* const> words) {
  return words.size() == 2 && *words[0] != '-' && *words[1] != '-';
}

}  // namespace

Settings parse_command_line(int argc, const char* const* argv) {
  std::span words(argv, static_cast<std::size_t>(argc));
  if (!words.empty()) words = words.subspan(1);
  if (!words.empty() && words[0] == std::string_view("--")) words = words.subspan(1);
  if (!is_plain(words)) return parse_with_cli11(argc, argv);
  Settings settings;
  settings.host = words[0];
  settings.port = words[1];
  return settings;
}

}  // namespace gladhand
