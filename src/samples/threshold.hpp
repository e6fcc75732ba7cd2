// Threshold: what a monitor or a build fails on, such as "p99>200ms" or "loss>1%".
#pragma once

#include <string>
#include <string_view>

#include "samples/summary.hpp"

namespace gladhand {

struct Threshold {
  enum class Figure : std::uint8_t { percentile, mean, loss, failures };
  enum class Relation : std::uint8_t { above, at_least, below, at_most };

  std::string text;  ///< as given
  Figure figure{};
  double percent = 0;  ///< of a percentile
  Relation relation{};
  double limit = 0;  ///< microseconds, a share of 1, or a count
};

/// Reads FIGURE RELATION VALUE: min, median, mean, max or pNN with a duration, loss with a
/// percentage, failures with a number; the relation is one of > >= < <=. Throws UsageError.
Threshold parse_threshold(std::string_view text);

/// Whether the figures are what the threshold describes. A dial that failed counts as slower than
/// any limit; where nothing was dialled, every threshold is met: nobody knows that all is well.
bool is_met(const Threshold& threshold, const Summary& summary);

/// What the figure was: "251 ms", "a dial that failed, 9 of 10 failed", "no dial".
std::string reason(const Threshold& threshold, const Summary& summary);

}  // namespace gladhand
