#include "apps/bench_options.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <span>
#include <string_view>

#include "apps/dial_options.hpp"
#include "apps/option_values.hpp"
#include "apps/serve.hpp"
#include "apps/version.hpp"
#include "base/decimal.hpp"
#include "base/duration.hpp"
#include "figures/openmetrics.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

using Row = Option<BenchSettings>;

constexpr const char* measuring = "Measuring";
constexpr const char* meanwhile = "While it runs";
constexpr const char* reports = "Reports";

constexpr int most_dials = 10'000'000;

unsigned read_count(const Values& values, const char* option, int least) {
  return static_cast<unsigned>(read_number(values.back(), option, least, most_dials));
}

double read_rate(const std::string& text) {
  const auto rate = read_decimal(text);
  if (rate && *rate >= 0.001 && *rate <= 1e6) return *rate;
  throw UsageError("--rate: " + in_quotes(text) + " is not a number from 0.001 to 1000000");
}

bool read_until(const std::string& text) {
  if (text == "tcp" || text == "banner") return text == "banner";
  throw UsageError("--until: " + in_quotes(text) + " is neither tcp nor banner");
}

constexpr std::array options = {
    Row{{"--hosts",
         "FILE",
         false,
         Needs::nothing,
         measuring,
         "Read more hosts from FILE, one a line ('-': stdin)"},
        [](BenchSettings& s, const Values& v) { s.hosts_file = v.back(); }},
    Row{{"-n,--samples",
         "N",
         false,
         Needs::nothing,
         measuring,
         "Dials to each host in each mode [10]"},
        [](BenchSettings& s, const Values& v) {
          s.bench.schedule.samples = read_count(v, "--samples", 1);
        }},
    Row{{"-c,--concurrency",
         "N",
         false,
         Needs::nothing,
         measuring,
         "Dials at once, at most: 64, with --flood 1, with --rate 1024"},
        [](BenchSettings& s, const Values& v) {
          s.bench.schedule.concurrency =
              static_cast<unsigned>(read_number(v.back(), "--concurrency", 1, 100'000));
        }},
    Row{{"--rate",
         "N",
         false,
         Needs::nothing,
         measuring,
         "Begin N dials a second over all hosts, however long they take"},
        [](BenchSettings& s, const Values& v) { s.bench.schedule.rate = read_rate(v.back()); }},
    Row{{"--duration",
         "DURATION",
         false,
         Needs::nothing,
         measuring,
         "Begin no dial after this time; without -n, dial until then"},
        [](BenchSettings& s, const Values& v) {
          s.bench.schedule.duration = read_duration(v.back(), "--duration");
          if (s.bench.schedule.duration.count() == 0) throw UsageError("--duration must be over 0");
        }},
    Row{{"--warmup",
         "N",
         false,
         Needs::nothing,
         measuring,
         "Dials to each host in each mode before the first that counts [0]"},
        [](BenchSettings& s, const Values& v) {
          s.bench.schedule.warmup = read_count(v, "--warmup", 0);
        }},
    Row{{"--until",
         "WHAT",
         false,
         Needs::nothing,
         measuring,
         "A dial ends when connected (tcp) or with the server's first line (banner) [tcp]"},
        [](BenchSettings& s, const Values& v) { s.bench.after.until_banner = read_until(v.back()); }},
    Row{{"--identify",
         "",
         false,
         Needs::nothing,
         measuring,
         "Send a line that says who measures, when all is measured"},
        [](BenchSettings& s, const Values&) {
          s.bench.after.identification = "SSH-2.0-gladhand-bench_" GLADHAND_VERSION;
        }},
    Row{{"--compare",
         "MODE[,MODE...]",
         false,
         Needs::nothing,
         measuring,
         "Dial in turn as race, v4, v6, each, sequential, no-backup, delay=DURATION [race]"},
        [](BenchSettings& s, const Values& v) { s.bench.modes = parse_modes(v.back()); }},
    Row{{"--every",
         "DURATION",
         false,
         Needs::nothing,
         measuring,
         "The time between two dials to one host: 1s, with --until banner 2s, with --serve 60s"},
        [](BenchSettings& s, const Values& v) {
          s.bench.schedule.gap = read_duration(v.back(), "--every");
        }},
    Row{{"--flood",
         "",
         false,
         Needs::nothing,
         measuring,
         "Dial a host more often than once a second, as fast as it goes"},
        [](BenchSettings& s, const Values&) { s.flood = true; }},
    Row{{"--reset",
         "",
         false,
         Needs::nothing,
         measuring,
         "Close with a reset, which leaves no local port in TIME_WAIT"},
        [](BenchSettings& s, const Values&) { s.bench.after.reset = true; }},
    Row{{"--sources",
         "ADDR[,ADDR...]",
         false,
         Needs::ip,
         measuring,
         "Connect from these addresses in turn: each has local ports of its own"},
        [](BenchSettings& s, const Values& v) {
          s.bench.sources = read_sources(v.back(), "--sources");
        }},
    Row{{"--jsonl",
         "FILE",
         false,
         Needs::nothing,
         meanwhile,
         "Append a line of JSON to FILE as each dial ends ('-': stdout)"},
        [](BenchSettings& s, const Values& v) { s.jsonl = v.back(); }},
    Row{{"--interval",
         "DURATION",
         false,
         Needs::nothing,
         meanwhile,
         "Write the files anew this often while the run goes on"},
        [](BenchSettings& s, const Values& v) {
          s.interval = read_duration(v.back(), "--interval");
          if (*s.interval < std::chrono::seconds(1))
            throw UsageError("--interval must be at least 1s");
        }},
    Row{{"--serve",
         "ADDR",
         false,
         Needs::nothing,
         meanwhile,
         "Dial for as long as this runs, and answer Prometheus at ADDR, which is [IP:]PORT"},
        [](BenchSettings& s, const Values& v) { s.serve = read_serve_address(v.back()); }},
    Row{{"--address-label",
         "",
         false,
         Needs::nothing,
         meanwhile,
         "With --serve, tell in a label which address was connected to"},
        [](BenchSettings& s, const Values&) { s.address_label = true; }},
    Row{{"--json",
         "FILE",
         false,
         Needs::nothing,
         reports,
         "Write every sample and all figures as JSON to FILE ('-': stdout)"},
        [](BenchSettings& s, const Values& v) { s.json = v.back(); }},
    Row{{"--csv",
         "FILE",
         false,
         Needs::nothing,
         reports,
         "Write every sample as a line of CSV to FILE ('-': stdout)"},
        [](BenchSettings& s, const Values& v) { s.csv = v.back(); }},
    Row{{"--openmetrics",
         "FILE",
         false,
         Needs::nothing,
         reports,
         "Write metrics for Prometheus to FILE, counting on from it ('-': stdout)"},
        [](BenchSettings& s, const Values& v) { s.openmetrics = v.back(); }},
    Row{{"--label", "NAME=VALUE", true, Needs::nothing, reports, "Put this label on every metric"},
        [](BenchSettings& s, const Values& v) {
          for (const std::string& text : v)
            s.labels += (s.labels.empty() ? "" : ",") + read_label(text);
        }},
    Row{{"--report",
         "FILE",
         false,
         Needs::nothing,
         reports,
         "Write all of it as one page for a browser to FILE ('-': stdout)"},
        [](BenchSettings& s, const Values& v) { s.page = v.back(); }},
    Row{{"--group-by",
         "LABEL",
         false,
         Needs::nothing,
         reports,
         "Show the hosts with one value of LABEL as one, too: labels stand in --hosts FILE"},
        [](BenchSettings& s, const Values& v) {
          if (!is_label_name(v.back()))
            throw UsageError("--group-by: " + in_quotes(v.back()) + " is no label's name");
          s.group_by = v.back();
        }},
    Row{{"--merge",
         "",
         false,
         Needs::nothing,
         reports,
         "Dial nothing: each HOST is a file of --json, to be compared with the others"},
        [](BenchSettings& s, const Values&) { s.merge = true; }},
    Row{{"--fail-if",
         "EXPR",
         true,
         Needs::nothing,
         reports,
         "End with status 1 if, for any host and mode, such as 'p99>200ms' or 'loss>1%'"},
        [](BenchSettings& s, const Values& v) {
          for (const std::string& text : v) s.thresholds.push_back(parse_threshold(text));
        }},
};

constexpr const char* usage = "gladhand-bench [OPTIONS] [--] HOST[:PORT]...";

// What shapes a dial has no meaning where none is made.
void check_merge(const CommandLine& line, const BenchSettings& settings) {
  if (!settings.merge) return;
  for (const OptionText* it : line.given())
    if (std::string_view(it->group) != reports)
      throw UsageError(std::string("--merge dials nothing: it excludes ") + it->names);
}

// Two reports in one file would leave the one that is written last.
void check_files(const BenchSettings& settings) {
  const std::optional<std::string> files[] = {
      settings.json, settings.csv, settings.openmetrics, settings.page, settings.jsonl};
  for (const auto& file : files) {
    if (!file || std::ranges::count(files, file) == 1) continue;
    if (*file == "-") throw UsageError("only one report can go to standard output");
    throw UsageError("two reports cannot be one file, " + in_quotes(*file));
  }
  const auto is_file = [](const auto& file) { return file && *file != "-"; };
  if (settings.interval && std::none_of(std::begin(files), std::end(files) - 1, is_file))
    throw UsageError("--interval needs a file to write",
                     "give one with --json, --csv, --openmetrics or --report");
}

void check_families(const BenchSettings& settings) {
  const std::vector<Family>& allowed = settings.bench.dial.names.families;
  for (const BenchMode& mode : settings.bench.modes)
    if (mode.kind == BenchMode::Kind::family && std::ranges::count(allowed, mode.family) == 0)
      throw UsageError("--compare: " + in_quotes(mode.name) +
                       " is a family that -4, -6 or --bind leaves out");
}

void complete(const CommandLine& line, BenchSettings& settings) {
  ScheduleOptions& schedule = settings.bench.schedule;
  if (schedule.duration.count() > 0 && !line.is_given("--samples")) schedule.samples = 0;
  if (!line.is_given("--concurrency"))
    schedule.concurrency = schedule.rate ? 1024 : settings.flood && !settings.serve ? 1 : 64;
  const Moment least = std::chrono::seconds(settings.bench.after.until_banner ? 2 : 1);
  if (!line.is_given("--every"))
    schedule.gap = settings.serve ? Moment(std::chrono::minutes(1)) : least;
  if (schedule.gap < least && !settings.flood)
    throw UsageError("--every is under " + to_string(least),
                     "servers such as sshd may penalise this client; --flood says that you mean it");
  schedule.server_gap = least;
  if (settings.serve) schedule.samples = 0;
  if (settings.flood && !line.is_given("--every")) {
    schedule.gap = Moment(0);
    schedule.spread = Moment(0);
  }
  if (settings.bench.modes.empty()) settings.bench.modes = parse_modes("race");
  check_files(settings);
}

}  // namespace

BenchSettings parse_bench_command_line(int argc, const char* const* argv) {
  BenchSettings settings;
  CommandLine line(
      "gladhand-bench",
      "Measure how long it takes to connect to HOST, by phases and by family, with the dial\n"
      "that gladhand itself uses. Durations: 250ms, 2s; a bare number is seconds.",
      usage,
      [] { return version_text("gladhand-bench"); });
  line.offer_arguments("HOST", settings.hosts, "Name or address, with :PORT unless it is 22");
  line.offer(std::span<const Row>(options), settings);
  line.offer(dial_option_rows(), settings.bench.dial);
  exclude_dial_options(line);
  line.exclude("--sources", "--bind");
  for (const char* one_run : {"--samples",
                              "--duration",
                              "--warmup",
                              "--rate",
                              "--json",
                              "--csv",
                              "--openmetrics",
                              "--report",
                              "--interval",
                              "--fail-if"})
    line.exclude("--serve", one_run);
  if (const auto answer = line.parse(argc, argv)) {
    settings.answer = *answer;
    return settings;
  }
  if (settings.hosts.empty() && !settings.hosts_file && !settings.serve)
    throw UsageError("a HOST or --hosts is required", std::string("usage: ") + usage);
  settings.given = line.given();
  check_merge(line, settings);
  complete(line, settings);
  check_options(line, settings.bench.dial);
  check_families(settings);
  settings.bench.schedule.grace = settings.bench.dial.race.timeout;
  return settings;
}

}  // namespace gladhand
