// gladhand-bench --serve: dials by its schedule for as long as it lives, and answers Prometheus.
#pragma once

#include <vector>

#include "apps/bench_options.hpp"
#include "apps/bench_reports.hpp"

namespace gladhand {

/// Reads [IP:]PORT; without an address it is 127.0.0.1. Throws UsageError.
Endpoint read_serve_address(const std::string& text);

/// Runs `loop` until a signal ends it, and answers what is asked until then. Throws UsageError where
/// it cannot listen.
void serve(asio::io_context& loop,
           const BenchSettings& settings,
           std::vector<BenchTarget> targets,
           SampleSink live);

}  // namespace gladhand
