#include "apps/bench_reports.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "apps/terminal.hpp"
#include "figures/bench_csv.hpp"
#include "figures/bench_text.hpp"
#include "figures/openmetrics.hpp"
#include "figures/page.hpp"
#include "gladhand/error.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

// For a line of --jsonl: its reader may be a program that waits for its own.
constexpr std::chrono::seconds patience{2};

// Read once, so that files that are written anew do not count this run twice. A merged report tells
// of runs that may have been counted before.
MetricsOptions metrics_options(const BenchSettings& settings) {
  MetricsOptions options{settings.labels};
  struct stat there {};
  const bool counts_on = settings.openmetrics && *settings.openmetrics != "-" && !settings.merge &&
                         ::stat(settings.openmetrics->c_str(), &there) == 0 &&
                         S_ISREG(there.st_mode);
  if (!counts_on) return options;
  const std::string& file = *settings.openmetrics;
  options.before = read_metrics_before(file, read_input(file, "--openmetrics"), counting_metric);
  return options;
}

// What is not written to a terminal is as wide as $COLUMNS says. Where it says nothing, a program
// reads the tables: they are whole.
Canvas bench_canvas() {
  constexpr unsigned least = 20;
  constexpr unsigned most = 1000;
  Canvas canvas = output_canvas();
  const std::string columns = environment_variable({"COLUMNS"}).value_or("");
  unsigned number = 0;
  const auto [stop, error] =
      std::from_chars(columns.data(), columns.data() + columns.size(), number);
  if (terminal_columns(STDOUT_FILENO) > 0) return canvas;
  canvas.tables_fit = error == std::errc() && stop == columns.data() + columns.size() &&
                      number >= least && number <= most;
  if (canvas.tables_fit) canvas.columns = number;
  return canvas;
}

}  // namespace

// A report that cannot be written takes no other with it, and leaves nothing behind.
class Reports::Attempts {
 public:
  void make(const std::function<void()>& write) {
    try {
      write();
    } catch (const std::exception& error) {
      // No longer one of usage: it could be opened when the run began.
      if (!failure_) failure_ = Error(ExitStatus::not_handed_over, error.what());
    }
  }

  void make(File& file, const BenchRun& run, const Summaries& summaries) {
    make([&] {
      if (!file.output) file.output.emplace(file.path, file.option);
      file.write(run, summaries, [&file](std::string_view text) { file.output->write(text); });
      file.output->commit();
    });
    file.output.reset();
  }

  void end() const {
    if (failure_) throw Error(*failure_);
  }

 private:
  std::optional<Error> failure_;
};

Reports::Reports(const BenchSettings& settings) {
  add(settings.json, "--json", write_bench_json);
  add(settings.csv, "--csv", [](const BenchRun& run, const Summaries&, const TextSink& to) {
    write_bench_csv(run, to);
  });
  add(settings.openmetrics,
      "--openmetrics",
      [options = metrics_options(settings)](
          const BenchRun& run, const Summaries& summaries, const TextSink& to) {
        write_openmetrics(run, summaries, options, to);
      });
  add(settings.page, "--report", write_page);
  if (!settings.jsonl) return;
  live_path_ = *settings.jsonl;
  if (live_path_ != "-") {
    live_ = open_for_append(live_path_, "--jsonl");
  } else {
    has_table_ = false;
    live_ = UniqueFd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!live_)
      throw UsageError("--jsonl: cannot write to standard output: " + system_words(errno));
  }
}

void Reports::add(const std::optional<std::string>& path, const char* option, Writer write) {
  if (!path) return;
  if (*path == "-") has_table_ = false;
  files_.push_back({*path, option, std::move(write), OutputFile(*path, option)});
}

void Reports::write(const BenchRun& run, const Summaries& summaries) {
  Attempts attempts;
  if (has_table_) attempts.make([&] { print(describe_run(run, summaries, bench_canvas())); });
  for (File& file : files_) attempts.make(file, run, summaries);
  if (live_failure_) attempts.make([this] { throw Error(*live_failure_); });
  attempts.end();
}

void Reports::write_so_far(const BenchRun& run, const Summaries& summaries, Table table) {
  Attempts attempts;
  if (has_table_ && table == Table::shown)
    attempts.make([&] { print(describe_run(run, summaries, bench_canvas())); });
  for (File& file : files_)
    if (file.path != "-") attempts.make(file, run, summaries);
  attempts.end();
}

SampleSink Reports::live() {
  if (!live_) return {};
  return [this](WallTime time, const HostSamples& host, const ModeSamples& mode) {
    write_line(time, host, mode);
  };
}

void Reports::write_line(WallTime time, const HostSamples& host, const ModeSamples& mode) {
  if (!live_) return;
  const std::string line = bench_json_line(time, host, mode, mode.samples.back());
  errno = 0;
  if (write_in_time(live_.get(), line, patience)) return;
  live_ = UniqueFd();
  live_failure_ = Error(ExitStatus::not_handed_over,
                        "--jsonl: cannot write to " + in_quotes(live_path_) + ": " +
                            (errno != 0 ? system_words(errno) : "it is not read"));
}

}  // namespace gladhand
