// A run of gladhand-bench as one JSON object, for programs; schema "gladhand-bench/1". The man page
// documents the fields.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "gladhand/summary.hpp"

namespace gladhand {

/// Takes a piece of text; pieces come in order.
using TextSink = std::function<void(std::string_view)>;

/// Writes the object in pieces: a fleet's samples need not be in memory twice. `summaries` by host,
/// then by mode.
void write_bench_json(const BenchRun& run,
                      std::span<const std::vector<Summary>> summaries,
                      const TextSink& write);

}  // namespace gladhand
