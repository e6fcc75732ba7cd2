// What gladhand-bench is to dial, and how often it may.
#pragma once

#include <cstddef>
#include <vector>

#include "apps/bench_options.hpp"

namespace gladhand {

/// The hosts of the command line and of --hosts, each once. Throws UsageError.
std::vector<BenchTarget> read_targets(const BenchSettings& settings);

/// Throws UsageError for a --rate that is over what one of `hosts` should be dialled with.
void check_politeness(const BenchSettings& settings, std::size_t hosts);

}  // namespace gladhand
