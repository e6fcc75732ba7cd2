#include "apps/options.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "apps/configuration.hpp"
#include "apps/dial_options.hpp"
#include "apps/history_report.hpp"
#include "apps/option_values.hpp"
#include "apps/routes.hpp"
#include "apps/ssh_configuration.hpp"
#include "apps/version.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"
#include "sys/environment.hpp"

namespace gladhand {

namespace {

using Row = Option<Settings>;

constexpr const char* before = before_group;
constexpr const char* race = "Race";
constexpr const char* routes = "Routes";
constexpr const char* hand_over = "Hand-over";
constexpr const char* reports = "Reports";
constexpr const char* configuration = "Configuration";
constexpr const char* history = "History";

constexpr std::array options = {
    Row{{"--wait",
         "DURATION",
         false,
         Needs::nothing,
         before,
         "Dial again until the server is up, for this long"},
        [](Settings& s, const Values& v) { s.retry.total = read_duration(v.back(), "--wait"); }},
    Row{{"--attempts", "N", false, Needs::nothing, before, "Dial again at most until the Nth time"},
        [](Settings& s, const Values& v) {
          s.retry.dials = static_cast<unsigned>(read_number(v.back(), "--attempts", 1, 1000000));
        }},
    Row{{"--before",
         "COMMAND",
         false,
         Needs::nothing,
         before,
         "Run this, without a shell, when the addresses are known and before the first attempt"},
        [](Settings& s, const Values& v) { s.dial.before = read_command(v.back(), "--before"); }},
    Row{{"--on-slow",
         "DURATION:COMMAND",
         false,
         Needs::nothing,
         before,
         "Run this when nothing has connected by then; the race goes on"},
        [](Settings& s, const Values& v) {
          const std::size_t colon = v.back().find(':');
          if (colon == std::string::npos)
            throw UsageError("--on-slow: " + in_quotes(v.back()) + " is not DURATION:COMMAND");
          s.retry.slow_after = read_duration(v.back().substr(0, colon), "--on-slow");
          s.retry.on_slow = read_command(v.back().substr(colon + 1), "--on-slow");
        }},
    Row{{"--route",
         "ROUTE",
         true,
         Needs::ip,
         routes,
         "One of several ways, tried in order: direct, HOST:PORT, proxies, command WORD..."},
        [](Settings& s, const Values& v) {
          check_routes(v);
          s.routes = v;
        }},
    Row{{"--route-order",
         "ORDER",
         false,
         Needs::ip,
         routes,
         "in-order, or race: one whose time is over goes on beside the next [in-order]"},
        [](Settings& s, const Values& v) { s.route_order = read_route_order(v.back()); }},
    Row{{"--until",
         "WORDS",
         false,
         Needs::nothing,
         race,
         "Who wins must have said this first: banner, as ssh servers do, or a beginning"},
        [](Settings& s, const Values& v) { s.dial.attempt.until = read_first_words(v.back()); }},
    Row{{"--history",
         "[=DIR]",
         false,
         Needs::ip,
         race,
         "Learn which addresses answer on this network, and how fast, and race by it"},
        [](Settings& s, const Values& v) {
          s.dial.history = std::make_shared<HistoryKeeper>(
              v.back() == "true" ? usual_history_folder() : v.back());
        }},
    Row{{"--history-show",
         "",
         false,
         Needs::nothing,
         history,
         "Print what was learned, of every network, and exit",
         Where::command_line},
        [](Settings& s, const Values&) { s.show_history = true; }},
    Row{{"--history-forget",
         "HOST|all",
         false,
         Needs::nothing,
         history,
         "Forget a name, an address or all of it, and exit",
         Where::command_line},
        [](Settings& s, const Values& v) {
          if (v.back().empty()) throw UsageError("--history-forget names no host");
          s.forget_history = v.back();
        }},
    Row{{"--internet-only",
         "",
         false,
         Needs::internet,
         hand_over,
         "Refuse unix/, vsock/, vsock-mux/ and machine/ as HOST"},
        [](Settings&, const Values&) {}},
    Row{{"--relay",
         "",
         false,
         Needs::nothing,
         hand_over,
         "Carry bytes, also where a descriptor could be passed"},
        [](Settings& s, const Values&) { s.hand_over = HandOver::relay; }},
    Row{{"--fdpass",
         "",
         false,
         Needs::nothing,
         hand_over,
         "Pass a descriptor or fail, never carry bytes"},
        [](Settings& s, const Values&) { s.hand_over = HandOver::pass; }},
    Row{{"-v,--verbose", "", false, Needs::nothing, reports, "Tell every step on stderr"},
        [](Settings& s, const Values&) { s.verbose = true; }},
    Row{{"-q,--quiet", "", false, Needs::nothing, reports, "Tell errors only, without hints"},
        [](Settings& s, const Values&) { s.quiet = true; }},
    Row{{"--log",
         "FILE",
         false,
         Needs::nothing,
         reports,
         "Append the text of -v to FILE ('-': stderr); journal, syslog: a record there"},
        [](Settings& s, const Values& v) { s.log_file = v.back(); }},
    Row{{"--trace",
         "FILE",
         false,
         Needs::nothing,
         reports,
         "Append JSON lines to FILE ('-': stderr)"},
        [](Settings& s, const Values& v) { s.trace_file = v.back(); }},
    Row{{"--explain",
         "",
         false,
         Needs::nothing,
         reports,
         "Hand nothing over: run the race and draw it on stdout",
         Where::command_line},
        [](Settings& s, const Values&) { s.explain = true; }},
    Row{{"--doctor",
         "",
         false,
         Needs::nothing,
         reports,
         "Hand nothing over: say what is wrong with the way to HOST, and what to do",
         Where::command_line},
        [](Settings& s, const Values&) { s.doctor = true; }},
    Row{{"--json",
         "",
         false,
         Needs::nothing,
         reports,
         "Print what --doctor says as JSON",
         Where::command_line},
        [](Settings& s, const Values&) { s.json = true; }},
    Row{{"--config",
         "FILE",
         false,
         Needs::nothing,
         configuration,
         "Rules for networks and hosts; none: as if there were no file",
         Where::command_line},
        [](Settings& s, const Values& v) { s.configuration = v.back(); }},
    Row{{"--tag",
         "TAG",
         false,
         Needs::nothing,
         configuration,
         "What rules may ask for",
         Where::command_line},
        [](Settings& s, const Values& v) { s.tag = v.back(); }},
    Row{{"--ssh-config",
         "[=DESTINATION]",
         false,
         Needs::nothing,
         configuration,
         "Obey what ssh_config says of the address family, source, time, attempts and IPQoS"},
        [](Settings& s, const Values& v) {
          s.ssh_configuration = v.back() == "true" ? "" : v.back();
        }},
    Row{{"--print-config",
         "",
         false,
         Needs::nothing,
         configuration,
         "Print which rules hold for HOST here and what they set, and exit",
         Where::command_line},
        [](Settings& s, const Values&) { s.print_configuration = true; }},
    Row{{"--check-config",
         "",
         false,
         Needs::nothing,
         configuration,
         "Check all that the files (or the one in place of HOST) say, and exit",
         Where::command_line},
        [](Settings& s, const Values&) { s.check_configuration = true; }},
};

constexpr const char* usage = "gladhand [OPTIONS] [--] HOST PORT";

constexpr const char* description =
    "Connect to HOST and PORT, racing IPv6 and IPv4, and pass the connected socket over\n"
    "standard output to ssh (ProxyUseFdpass). Durations: 250ms, 2s; a bare number is\n"
    "seconds.";

class GladhandLine : public CommandLine {
 public:
  explicit GladhandLine(Settings& settings)
      : CommandLine("gladhand", description, usage, [] { return version_text("gladhand"); }) {
    offer(dial_option_rows(), settings.dial);
    offer(std::span<const Option<Settings>>(options), settings);
    exclude_dial_options(*this);
    exclude("--relay", "--fdpass");
    exclude("--route", "--proxy");
    exclude("--doctor", "--explain");
    exclude("--doctor", "--print-config");
    exclude("--history-show", "--history-forget");
  }
};

// A rule's option that has no meaning for a target is left out.
bool is_usable(Needs needs, std::string_view host, const ConnectOptions& dial) {
  Target target;
  target.kind = kind_of(host);
  return needs == Needs::internet || has_meaning(needs, target, dial);
}

// The command line comes first, then rules, then what ssh has.
void configure(GladhandLine& line,
               Settings& settings,
               const std::vector<ConfigurationFile>& files) {
  const HostAndPort it = host_and_port(settings);
  const auto usable = [&](Needs needs) { return is_usable(needs, it.host, settings.dial); };
  if (!files.empty())
    settings.explanation = apply_rules(
        read_configuration(files, line), {it.host, it.port, settings.tag}, line, usable);
  if (settings.ssh_configuration && !settings.doctor)  // which asks ssh itself
    settings.explanation +=
        apply_ssh_configuration(*settings.ssh_configuration, it.host, line, usable);
}

// Every value of every rule, as if only that rule were there.
std::string check_configuration(const GladhandLine& line, const Settings& settings) {
  const auto file = settings.host.empty() ? settings.configuration : settings.host;
  const std::vector<ConfigurationFile> files = find_configuration(file);
  const std::vector<StrategyRule> rules = read_configuration(files, line);
  for (const StrategyRule& rule : rules) {
    Settings alone;
    GladhandLine own(alone);
    for (const Setting& setting : rule.settings) {
      const std::string why = own.preset(setting, [](Needs) { return true; });
      if (!why.empty())
        throw UsageError(to_string(setting.place) + ": " + setting.key + ": " + why);
    }
    check_options(own, alone.dial);
  }
  std::string text;
  for (const ConfigurationFile& it : files) text += printable(it.path) + ": good\n";
  return text.empty() ? "there is no configuration file\n" : text;
}

// All that is in the folder of --history.
std::string answer_of_history(const Settings& settings) {
  const HistoryKeeper usual(usual_history_folder());
  const HistoryKeeper& keeper = settings.dial.history ? *settings.dial.history : usual;
  if (settings.show_history) {
    std::string report = history_report(keeper.networks());
    if (!report.empty()) return report;
    return "there is no history in " + printable(keeper.folder()) + '\n';
  }
  if (settings.forget_history == "all")
    return "networks forgotten: " + std::to_string(keeper.forget_all()) + '\n';
  return "addresses forgotten: " + std::to_string(keeper.forget(settings.forget_history)) + '\n';
}

// `found`: the files where none is named, if they have been looked for.
Settings parse_with_cli11(int argc,
                          const char* const* argv,
                          std::optional<std::vector<ConfigurationFile>> found = {}) {
  Settings settings;
  GladhandLine line(settings);
  std::optional<std::string> host;
  std::optional<std::string> port;
  line.offer_argument("HOST", host, "Name or address; unix/PATH, vsock/CID, ...");
  line.offer_argument("PORT", port, "Number or service name");
  if (const auto answer = line.parse(argc, argv)) {
    settings.answer = *answer;
    return settings;
  }
  settings.says_how = std::ranges::any_of(line.given(), [](const OptionText* it) {
    return it->where == Where::everywhere && std::string_view(it->names) != "--timeout";
  });
  settings.host = host.value_or("");
  settings.port = port.value_or("");
  if (settings.check_configuration) {
    settings.answer = check_configuration(line, settings);
    return settings;
  }
  if (settings.show_history || !settings.forget_history.empty()) {
    if (host) throw UsageError("unexpected argument " + in_quotes(*host));
    settings.answer = answer_of_history(settings);
    return settings;
  }
  if (!host) throw UsageError("HOST and PORT are missing", std::string("usage: ") + usage);
  try {
    configure(line, settings, found ? *found : find_configuration(settings.configuration));
  } catch (const UsageError& error) {
    if (!settings.doctor) throw;
    settings.configuration_failure = error.what();
  }
  line.require("--json", "--doctor");
  check_options(line, settings.dial);
  settings.given = line.given();
  if (settings.print_configuration)
    settings.answer =
        settings.explanation.empty() ? "there is no rule\n" : std::move(settings.explanation);
  return settings;
}

// GLADHAND_HAND_OVER is for whoever cannot change the command of a client.
void look_at_environment(Settings& settings) {
  if (settings.hand_over) return;
  if (const auto way = environment_variable({"GLADHAND_HAND_OVER"}))
    settings.hand_over = parse_hand_over(*way, "GLADHAND_HAND_OVER");
}

// "[--] HOST PORT": what ssh_config says for most, and without a configuration file nothing for
// CLI11 to do.
bool is_plain(std::span<const char* const> words) {
  return words.size() == 2 && *words[0] != '-' && *words[1] != '-';
}

Settings parse_words(int argc, const char* const* argv) {
  std::span words(argv, static_cast<std::size_t>(argc));
  if (!words.empty()) words = words.subspan(1);
  if (!words.empty() && words[0] == std::string_view("--")) words = words.subspan(1);
  if (!is_plain(words)) return parse_with_cli11(argc, argv);
  std::vector<ConfigurationFile> files = find_configuration({});
  if (!files.empty()) return parse_with_cli11(argc, argv, std::move(files));
  Settings settings;
  settings.host = words[0];
  settings.port = words[1];
  return settings;
}

}  // namespace

HostAndPort host_and_port(const Settings& settings) {
  const bool tcpmux = !settings.dial.route.tcpmux.empty();
  const bool typed = settings.explain || settings.print_configuration || settings.doctor;
  if (!settings.port.empty()) return {settings.host, settings.port};
  if (typed && !is_local(settings.host)) return split_host(settings.host, tcpmux ? "1" : "22");
  return {settings.host, tcpmux ? "1" : ""};  // [RFC 1078]
}

Settings parse_command_line(int argc, const char* const* argv) {
  Settings settings = parse_words(argc, argv);
  look_at_environment(settings);
  return settings;
}

}  // namespace gladhand
