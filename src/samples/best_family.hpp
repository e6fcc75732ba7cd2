// The family that a host is better reached over.
#pragma once

#include <optional>

#include "samples/sample.hpp"

namespace gladhand {

/// The one whose connects take less at the median, in all modes of one vantage point together;
/// where only one has connected, that. Empty where none has, and where the two do not differ: see
/// rank_test(), at 5 %.
std::optional<Family> best_family(const HostSamples& host, std::string_view vantage);

}  // namespace gladhand
