// A run of gladhand-bench as a page for a browser: one file that holds all it needs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "figures/bench_json.hpp"

namespace gladhand {

/// JSON as it may stand in an HTML script element: no "<" is left that could end it or begin a
/// comment [HTML, 4.12.1.3]. `json` holds ASCII only, as json_string() makes it.
std::string in_script(std::string_view json);

/// Writes the page in pieces. It holds figures, the total of each sample (of a mode with over 5,000
/// samples every second, third, ... only) and two dials of each mode, not all phases of all
/// samples: a fleet's page stays small enough for a browser. `summaries` by host, then by mode.
void write_page(const BenchRun& run,
                std::span<const std::vector<Summary>> summaries,
                const TextSink& write);

}  // namespace gladhand
