// The samples of a run as CSV, one line each, with a line of names first: as RFC 4180 has it, but
// lines end as those of any file here, in LF.
#pragma once

#include "figures/bench_json.hpp"

namespace gladhand {

void write_bench_csv(const BenchRun& run, const TextSink& write);

}  // namespace gladhand
