// gladhand-bench: dial hosts again and again with the connector's own dial, and say what it took.

#include <sys/utsname.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/bench_options.hpp"
#include "apps/bench_reports.hpp"
#include "apps/bench_targets.hpp"
#include "apps/dial_options.hpp"
#include "apps/interim_reports.hpp"
#include "apps/last_words.hpp"
#include "apps/serve.hpp"
#include "apps/terminal.hpp"
#include "connect/credential_sources.hpp"
#include "figures/bench_json_reader.hpp"
#include "figures/bench_table.hpp"
#include "figures/bench_text.hpp"
#include "gladhand/error.hpp"
#include "handover/handover.hpp"
#include "samples/bench_verdict.hpp"
#include "samples/comparison.hpp"
#include "samples/merge.hpp"
#include "sys/file.hpp"
#include "sys/last_resort.hpp"
#include "sys/limits.hpp"
#include "sys/privacy.hpp"
#include "sys/signal_watch.hpp"
#include "sys/socket_setup.hpp"
#include "sys/timer_guard.hpp"
#include "sys/zones.hpp"

namespace gladhand {
namespace {

constexpr const char* name = "gladhand-bench: ";

void tell(const std::string& text) {
  write_all(STDERR_FILENO, name + text + '\n');
}

// --- what the system allows ----------------------------------------------------------------

// A name with many dead addresses takes more than most: within reason, what is allowed is taken.
void fit_descriptors(ScheduleOptions& schedule) {
  constexpr unsigned long a_dial = 6;  // attempts that overlap, questions
  constexpr unsigned long beside = 32;
  constexpr unsigned long plenty = 50'000;
  const unsigned long wanted = schedule.concurrency * a_dial + beside;
  const unsigned long allowed = raise_descriptor_limit(std::max(wanted, plenty));
  if (allowed >= wanted) return;
  const unsigned long fitting = allowed > beside + a_dial ? (allowed - beside) / a_dial : 1;
  tell("only " + std::to_string(allowed) + " descriptors are allowed (ulimit -n): at most " +
       std::to_string(fitting) + " dials at once");
  schedule.concurrency = static_cast<unsigned>(fitting);
}

// Half the ports go fast; then the kernel searches, and at the end of them connect(2) fails.
void warn_of_ports(const BenchSettings& settings) {
  const ScheduleOptions& schedule = settings.bench.schedule;
  if (!settings.flood || settings.bench.after.reset) return;
  const std::size_t sources = std::max<std::size_t>(1, settings.bench.sources.size());
  const std::size_t ports = count_local_ports() * sources;
  const std::size_t dials = schedule.samples * settings.bench.modes.size();
  if (schedule.samples > 0 && dials <= ports / 2) return;
  tell("each dial leaves a local port in TIME_WAIT for a minute, and there are " +
       std::to_string(ports) + " to one destination; --reset leaves none, --sources brings more");
}

BenchEnvironment environment(int argc, char** argv) {
  utsname system{};
  ::uname(&system);
  BenchEnvironment result;
  result.version = GLADHAND_VERSION;
  result.kernel = std::string(system.sysname) + ' ' + system.release;
  result.cpus = static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
  result.node = system.nodename;
  for (int i = 0; i < argc; ++i) result.command += (i == 0 ? "" : " ") + without_user(argv[i]);
  return result;
}

BenchTerms terms(const BenchOptions& options) {
  return {.until_banner = options.after.until_banner,
          .samples = options.schedule.samples,
          .concurrency = options.schedule.concurrency,
          .rate = options.schedule.rate,
          .timeout = options.dial.race.timeout,
          .connection_attempt_delay = options.dial.race.connection_attempt_delay,
          .resolution_delay = options.dial.race.resolution_delay};
}

// --- the end -------------------------------------------------------------------------------

BenchStatus judge(const BenchRun& run,
                  const Summaries& summaries,
                  const std::vector<Threshold>& thresholds) {
  constexpr std::size_t most_told = 10;
  bool connected = false;
  std::size_t met = 0;
  for (std::size_t i = 0; i < summaries.size(); ++i) {
    for (std::size_t k = 0; k < summaries[i].size(); ++k) {
      connected = connected || summaries[i][k].any_connected();
      for (const Threshold& threshold : thresholds) {
        if (!is_met(threshold, summaries[i][k]) || ++met > most_told) continue;
        tell(threshold.text + ": " + name_of(run.hosts[i]) + " (" +
             printable(run.hosts[i].modes[k].label()) + "): " + reason(threshold, summaries[i][k]));
      }
    }
  }
  if (met > most_told) tell("and " + std::to_string(met - most_told) + " more");
  return met == 0 && connected ? BenchStatus::well : BenchStatus::not_well;
}

// --- the run -------------------------------------------------------------------------------

std::function<void(const BenchProgress&)> progress(Moment bound) {
  if (terminal_columns(STDERR_FILENO) == 0) return {};
  return [bound](const BenchProgress& it) {
    const ProgressFigures figures{it.done, it.total, it.failures, it.elapsed, bound};
    write_all(STDERR_FILENO,
              "\r" + progress_line(figures, terminal_columns(STDERR_FILENO)) + "\033[K");
  };
}

void erase_progress() {
  if (terminal_columns(STDERR_FILENO) > 0) write_all(STDERR_FILENO, "\r\033[K");
}

// Dials take and give back the same memory, thousands of times a second.
void keep_memory() {
#ifdef __GLIBC__
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
#endif
}

// What the dials had is free, but the reports would be put behind it.
void give_back_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

BenchStatus fail(const Error& error) {
  write_all(STDERR_FILENO, error_lines("gladhand-bench", error));
  return error.status() == ExitStatus::usage ? BenchStatus::usage : BenchStatus::system_failure;
}

Error broken_timers() {
  return {ExitStatus::not_handed_over, "the timers of this process do not work"};
}

// A run without timers would never end, and Asio does not say that it has none.
void require_timers(asio::io_context& loop) {
  constexpr std::chrono::seconds patience{5};
  const Error broken = broken_timers();
  const LastResort last_resort(
      patience, error_lines("gladhand-bench", broken), static_cast<int>(broken.status()));
  asio::steady_timer moment(loop, std::chrono::milliseconds(1));
  moment.async_wait([](std::error_code) {});
  loop.run();
  loop.restart();
}

void take_state(BenchRunner& runner, BenchRun& run) {
  run.started = runner.began();
  run.duration = runner.elapsed();
  run.lag = runner.lag();
  run.never_begun = runner.never_begun();
  run.hosts = runner.take_hosts();
}

// What goes wrong with it does not end the run: the next may be written.
void report_so_far(BenchRunner& runner, BenchRun& run, Reports& reports, Reports::Table table) {
  if (!runner.has_begun()) return;
  erase_progress();
  take_state(runner, run);
  try {
    reports.write_so_far(run, summarise_all(run.hosts), table);
  } catch (const std::exception& error) {
    tell(error.what());
  }
  runner.give_back(std::move(run.hosts));
}

// A run that ended for this machine's own limit, or has met nothing else.
std::optional<Error> own_limit(const BenchRunner& runner, const BenchRun& run) {
  if (runner.own_limit())
    return Error(ExitStatus::not_handed_over,
                 "the run is over: dial after dial failed for this machine's own limit: " +
                     *runner.own_limit());
  std::optional<std::string> cause;
  for (const HostSamples& host : run.hosts) {
    for (const ModeSamples& mode : host.modes) {
      for (const Sample& sample : mode.samples) {
        if (sample.outcome != SampleOutcome::ours) return std::nullopt;
        if (!cause) cause = host.error_of(sample);
      }
    }
  }
  if (!cause) return std::nullopt;
  return Error(ExitStatus::not_handed_over,
               "every dial failed for this machine's own limit: " + *cause);
}

// Dials that a signal has interrupted are not waited for: the process ends with them.
[[noreturn]] void leave(BenchStatus status) {
  ::_exit(static_cast<int>(status));
}

[[noreturn]] void run(BenchSettings settings, int argc, char** argv) {
  BenchOptions& options = settings.bench;
  std::vector<BenchTarget> targets = read_targets(settings);
  check_politeness(settings, targets.size());
  const bool internet = std::ranges::any_of(
      targets, [](const BenchTarget& it) { return it.target.kind == Target::Kind::internet; });
  if (internet) {
    check_machine(options.dial);
    SocketSettings one_source = options.dial.attempt.socket;
    for (const Endpoint& source : options.sources) {
      one_source.bind = {source};
      if (const auto refused = check_settings(one_source, {*source.family()}))
        throw refused->error();
    }
  }
  asio::io_context loop(1);
  require_timers(loop);
  Reports reports(settings);
  keep_memory();
  fit_descriptors(options.schedule);
  bool broken = false;
  const TimerGuard guard(loop, [&] {
    broken = true;
    loop.stop();
  });
  if (settings.serve) {
    serve(loop, settings, std::move(targets), reports.live());
    leave(broken ? fail(broken_timers()) : BenchStatus::well);
  }
  warn_of_ports(settings);

  BenchRun result;
  result.environment = environment(argc, argv);
  result.terms = terms(options);
  result.group_by = settings.group_by;
  BenchRunner runner(
      loop, options, std::move(targets), progress(options.schedule.duration), reports.live());
  SignalWatch ends(loop, {SIGHUP, SIGINT, SIGTERM}, [&] {
    result.interrupted = true;
    loop.stop();
  });
  const InterimReports interim(loop, settings.interval, [&](Reports::Table table) {
    report_so_far(runner, result, reports, table);
  });
  runner.run();
  if (broken || runner.own_limit()) result.interrupted = true;
  ends.end();  // a second one ends the process at once
  erase_progress();

  take_state(runner, result);
  give_back_memory();
  const Summaries summaries = summarise_all(result.hosts);
  try {
    reports.write(result, summaries);
  } catch (const Error& error) {
    leave(fail(error));
  }
  if (broken) leave(fail(broken_timers()));
  if (const auto limit = own_limit(runner, result)) leave(fail(*limit));
  leave(judge(result, summaries, settings.thresholds));
}

// A fleet's: ten thousand hosts with ten samples each are a sixth of it.
constexpr std::size_t largest_report = 512 << 20;

[[noreturn]] void merge(const BenchSettings& settings, int argc, char** argv) {
  Reports reports(settings);
  std::vector<RunOfFile> runs;
  for (const std::string& file : settings.hosts)
    runs.push_back(read_bench_json(file, read_input(file, "--merge", largest_report)));
  BenchRun result = merge_runs(std::move(runs));
  result.group_by = settings.group_by;
  result.environment = environment(argc, argv);
  Summaries summaries = summarise_all(result.hosts);
  for (std::size_t i = 0; i < summaries.size(); ++i)
    compare_series(result.hosts[i], result.sources, summaries[i]);
  reports.write(result, summaries);
  leave(judge(result, summaries, settings.thresholds));
}

}  // namespace
}  // namespace gladhand

int main(int argc, char** argv) {
  using namespace gladhand;
  end_in_order("gladhand-bench");
  use_system_zones();
  take_environment_login();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    open_standard_descriptors();
    BenchSettings settings = parse_bench_command_line(argc, argv);
    if (settings.bench.dial.route.has_proxies()) {
      hide_secrets(argc, argv, "--proxy-header");
      forbid_dumps();
    }
    if (settings.answer.empty() && settings.merge) merge(settings, argc, argv);
    if (settings.answer.empty()) run(std::move(settings), argc, argv);
    print(settings.answer);
    return static_cast<int>(BenchStatus::well);
  } catch (const std::exception& error) {
    return static_cast<int>(fail(to_error(error)));
  }
}
