// Pictures of samples: a dial as a waterfall, and how often which time occurred.
#pragma once

#include <span>
#include <string>

#include "report/waterfall.hpp"
#include "samples/summary.hpp"

namespace gladhand {

struct TypicalAndWorst {
  const Sample* typical = nullptr;  ///< connected, nearest to the median
  const Sample* worst = nullptr;    ///< failures included; null when it is the same
};

TypicalAndWorst typical_and_worst(const ModeSamples& mode, const Summary& figures);

/// The waterfalls of the connected sample nearest to the median and of the worst one, failures
/// included. Empty without samples.
std::string draw_typical_and_worst(const HostSamples& host,
                                   const ModeSamples& mode,
                                   const Summary& figures,
                                   const Canvas& canvas);

/// How often which time occurred: one line for each range of times, or, where there are several
/// modes, one line for each mode over one axis. Empty for too few samples.
std::string draw_distributions(const HostSamples& host,
                               std::span<const Summary> summaries,
                               const Canvas& canvas);

}  // namespace gladhand
