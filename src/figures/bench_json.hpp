// A run of gladhand-bench as one JSON object, for programs; schema "gladhand-bench/1". The man page
// documents the fields.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/json_line.hpp"
#include "samples/summary.hpp"

namespace gladhand {

/// Takes a piece of text; pieces come in order.
using TextSink = std::function<void(std::string_view)>;

/// The object's members that are about the whole run: all before "hosts".
JsonLine bench_json_head(const BenchRun& run, std::span<const std::vector<Summary>> summaries);

/// Those of one host that stand before its "modes"; `summaries` by mode.
JsonLine bench_json_host(const HostSamples& host, std::span<const Summary> summaries);

/// An object's text without its last brace, so that more can follow.
std::string opened(const JsonLine& line);

/// A dial that began at `time` as an object on a line of its own: its sample, and what it is of.
std::string bench_json_line(WallTime time,
                            const HostSamples& host,
                            const ModeSamples& mode,
                            const Sample& sample);

/// Writes the object in pieces: a fleet's samples need not be in memory twice. `summaries` by host,
/// then by mode.
void write_bench_json(const BenchRun& run,
                      std::span<const std::vector<Summary>> summaries,
                      const TextSink& write);

}  // namespace gladhand
