// A run in the OpenMetrics text format, which node_exporter's textfile collector reads as well:
// classic histograms, and gauges, with the host, its port, the mode, the family and the phase as
// labels.
#pragma once

#include "figures/bench_json.hpp"

namespace gladhand {

void write_openmetrics(const BenchRun& run,
                       std::span<const std::vector<Summary>> summaries,
                       const TextSink& write);

}  // namespace gladhand
