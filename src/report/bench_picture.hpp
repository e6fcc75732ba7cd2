// Pictures of samples: a dial as a waterfall, and how often which time occurred.
#pragma once

#include <string>

#include "gladhand/summary.hpp"
#include "waterfall.hpp"

namespace gladhand {

/// The waterfalls of the connected sample nearest to the median and of the worst one, failures
/// included. Empty without samples.
std::string draw_typical_and_worst(const HostSamples& host,
                                   const ModeSamples& mode,
                                   const Summary& figures,
                                   const Canvas& canvas);

/// One line for each range of times. Empty without connected samples.
std::string draw_histogram(const Summary& figures, const Canvas& canvas);

}  // namespace gladhand
