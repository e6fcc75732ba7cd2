// Verdict: how a race that was lost is told: one line, a hint, an exit status.
#pragma once

#include <chrono>
#include <cstdint>

#include "gladhand/error.hpp"
#include "gladhand/event.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

/// Who was asked for names.
enum class NameServers : std::uint8_t { of_resolv_conf, given };

/// The Error for a dial that has failed; `ended` is when it did. Of a race that was lost every
/// address is named with its own cause, equal causes together. `dials` is how many there were, this
/// one the last; `servers` shapes the hint.
Error verdict(const DialFailure& failure,
              const Target& target,
              Moment ended,
              unsigned dials = 1,
              NameServers servers = NameServers::of_resolv_conf);

}  // namespace gladhand
