// A run of gladhand-bench for a person: the table, the pictures, and what it all means last.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/waterfall.hpp"
#include "samples/summary.hpp"

namespace gladhand {

/// `summaries` by host, then by mode. Pictures are drawn for few hosts only.
std::string describe_run(const BenchRun& run,
                         std::span<const std::vector<Summary>> summaries,
                         const Canvas& canvas);

/// One line, for a terminal, without a line end: how far the run is.
struct ProgressFigures {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0: not known
  std::uint64_t failures = 0;
  Moment elapsed{};
  Moment bound{};  ///< --duration; 0: none
};
std::string progress_line(const ProgressFigures& figures, unsigned columns);

}  // namespace gladhand
