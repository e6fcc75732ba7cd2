// A run as metrics for Prometheus, valid as its text format, which node_exporter's textfile
// collector reads, and as OpenMetrics: a histogram that counts on from run to run, and gauges of
// this run.
#pragma once

#include <string>

#include "figures/bench_json.hpp"
#include "figures/metrics_before.hpp"

namespace gladhand {

/// The histogram that counts on.
inline constexpr const char* counting_metric = "gladhand_bench_dial_seconds";

struct MetricsOptions {
  std::string labels{};    ///< of the user's, on every series: see read_label()
  MetricsBefore before{};  ///< what the histogram counts on from; of hosts of other runs it is kept
};

/// "team="x"" of "team=x", as a label. Throws UsageError for a name that is no label's or one of
/// ours.
std::string read_label(const std::string& text);

void write_openmetrics(const BenchRun& run,
                       std::span<const std::vector<Summary>> summaries,
                       const MetricsOptions& options,
                       const TextSink& write);

}  // namespace gladhand
