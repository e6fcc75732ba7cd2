// The one sentence about a run: is anything wrong, where, since when.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "samples/summary.hpp"

namespace gladhand {

struct Headline {
  std::string text;  ///< times in it are as utc_text() has them
  bool well = true;
};

/// `summaries` by host, then by mode.
Headline headline(const BenchRun& run, std::span<const std::vector<Summary>> summaries);

}  // namespace gladhand
