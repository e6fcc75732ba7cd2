// The samples of a run as CSV [RFC 4180], one line each, with a line of names first.
#pragma once

#include "figures/bench_json.hpp"

namespace gladhand {

void write_bench_csv(const BenchRun& run, const TextSink& write);

}  // namespace gladhand
