// The command line of gladhand-bench.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/option_table.hpp"
#include "bench/bench_runner.hpp"
#include "samples/threshold.hpp"

namespace gladhand {

/// How gladhand-bench ends.
enum class BenchStatus {
  well = 0,
  not_well = 1,  ///< a threshold was met, or nothing connected
  usage = 64,
  system_failure = 71,
};

struct BenchSettings {
  std::vector<std::string> hosts;  ///< HOST[:PORT], as given; with `merge`: files
  bool merge = false;
  std::optional<std::string> hosts_file;  ///< more of them; "-" is standard input
  BenchOptions bench;
  std::vector<const OptionText*> given;  ///< for check_target
  bool flood = false;
  std::optional<std::string> json;  ///< files; "-" is standard output
  std::optional<std::string> csv;
  std::optional<std::string> openmetrics;
  std::string group_by;  ///< a label of the hosts
  std::string labels;  ///< of --openmetrics
  std::optional<std::string> page;
  std::optional<std::string> jsonl;
  std::optional<Endpoint> serve;  ///< where an exporter answers, in place of reports
  bool address_label = false;     ///< of an exporter: addresses are labels
  std::optional<Moment> interval;  ///< how often the files are written while the run goes on
  std::vector<Threshold> thresholds;
  std::string answer;  ///< --help or --version: print this and do nothing else
};

/// Reads the command line. Throws UsageError that says what is wrong with it.
BenchSettings parse_bench_command_line(int argc, const char* const* argv);

}  // namespace gladhand
