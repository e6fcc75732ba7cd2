// What gladhand-bench leaves of a run: the table, and the files that were asked for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/bench_options.hpp"
#include "base/unique_fd.hpp"
#include "figures/bench_json.hpp"
#include "samples/sample.hpp"
#include "samples/summary.hpp"
#include "sys/output_file.hpp"

namespace gladhand {

class Reports {
 public:
  enum class Table { shown, left_out };

  /// Opens every file: what cannot be written is better known before the first dial. Throws
  /// UsageError.
  explicit Reports(const BenchSettings& settings);

  /// Writes the table and every file, each put into its place whole. One that cannot be written
  /// takes no other with it. Throws the first failure when all have been tried.
  void write(const BenchRun& run, const Summaries& summaries);

  /// The same of a run that goes on. What goes to stdout waits for its end, but for the table.
  void write_so_far(const BenchRun& run, const Summaries& summaries, Table table);

  /// Writes a line as each dial ends; empty when --jsonl was not given. Lines that are not
  /// taken end it, and write() throws that.
  SampleSink live();

 private:
  using Writer = std::function<void(const BenchRun&, const Summaries&, const TextSink&)>;

  struct File {
    std::string path;
    std::string option;
    Writer write;
    std::optional<OutputFile> output{};
  };

  class Attempts;

  void add(const std::optional<std::string>& path, const char* option, Writer write);
  void write_line(WallTime time, const HostSamples& host, const ModeSamples& mode);

  std::vector<File> files_;
  bool has_table_ = true;
  UniqueFd live_;
  std::string live_path_;
  std::optional<Error> live_failure_;
};

}  // namespace gladhand
