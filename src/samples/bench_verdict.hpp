// What the samples say, in sentences: who wins, what the race costs or saves, what is broken.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "samples/summary.hpp"

namespace gladhand {

/// About one host; `summaries` by mode.
std::vector<std::string> host_verdicts(const HostSamples& host, std::span<const Summary> summaries);

/// About the whole run; `summaries` by host, then by mode.
std::vector<std::string> run_verdicts(const BenchRun& run,
                                      std::span<const std::vector<Summary>> summaries);

/// Whether this program was so busy that the latencies are its own.
bool is_saturated(const BenchRun& run, std::span<const std::vector<Summary>> summaries);

}  // namespace gladhand
