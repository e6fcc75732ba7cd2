#include "apps/options.hpp"

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "apps/dial_options.hpp"
#include "apps/option_values.hpp"
#include "apps/version.hpp"
#include "gladhand/error.hpp"
#include "sys/environment.hpp"

namespace gladhand {

namespace {

using Row = Option<Settings>;

constexpr const char* before = before_group;
constexpr const char* hand_over = "Hand-over";
constexpr const char* reports = "Reports";

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
         "Append the text of -v to FILE ('-': stderr)"},
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
         "Hand nothing over: run the race and draw it on stdout"},
        [](Settings& s, const Values&) { s.explain = true; }},
};

constexpr const char* usage = "gladhand [OPTIONS] [--] HOST PORT";

Settings parse_with_cli11(int argc, const char* const* argv) {
  Settings settings;
  CommandLine line(
      "gladhand",
      "Connect to HOST and PORT, racing IPv6 and IPv4, and pass the connected socket over\n"
      "standard output to ssh (ProxyUseFdpass). Durations: 250ms, 2s; a bare number is\n"
      "seconds.",
      usage,
      [] { return version_text("gladhand"); });
  std::optional<std::string> host;
  std::optional<std::string> port;
  line.offer_argument("HOST", host, "Name or address; unix/PATH, vsock/CID, ...");
  line.offer_argument("PORT", port, "Number or service name");
  line.offer(dial_option_rows(), settings.dial);
  line.offer(std::span<const Row>(options), settings);
  if (const auto answer = line.parse(argc, argv)) {
    settings.answer = *answer;
    return settings;
  }
  if (!host) throw UsageError("HOST and PORT are missing", std::string("usage: ") + usage);
  settings.host = *host;
  settings.port = port.value_or("");
  line.exclude("--relay", "--fdpass");
  check_options(line, settings.dial);
  settings.given = line.given();
  return settings;
}

// GLADHAND_HAND_OVER is for whoever cannot change the command of a client.
void look_at_environment(Settings& settings) {
  if (settings.hand_over) return;
  if (const auto way = environment_variable({"GLADHAND_HAND_OVER"}))
    settings.hand_over = parse_hand_over(*way, "GLADHAND_HAND_OVER");
}

// "[--] HOST PORT": what ssh_config says for most, and nothing for CLI11 to do.
bool is_plain(std::span<const char* const> words) {
  return words.size() == 2 && *words[0] != '-' && *words[1] != '-';
}

Settings parse_words(int argc, const char* const* argv) {
  std::span words(argv, static_cast<std::size_t>(argc));
  if (!words.empty()) words = words.subspan(1);
  if (!words.empty() && words[0] == std::string_view("--")) words = words.subspan(1);
  if (!is_plain(words)) return parse_with_cli11(argc, argv);
  Settings settings;
  settings.host = words[0];
  settings.port = words[1];
  return settings;
}

}  // namespace

Settings parse_command_line(int argc, const char* const* argv) {
  Settings settings = parse_words(argc, argv);
  look_at_environment(settings);
  return settings;
}

}  // namespace gladhand
