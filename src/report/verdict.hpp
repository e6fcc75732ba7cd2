// Verdict: how a race that was lost is told: one line, a hint, an exit status.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "gladhand/error.hpp"
#include "gladhand/event.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

/// Who was asked for names.
enum class NameServers : std::uint8_t { of_resolv_conf, given };

/// The Error for a finished race without a winner; `ended` is when it finished. Every address is
/// named with its own cause, equal causes together. `through` is the proxy that could not be
/// reached, empty without one. `dials` is how many there were, this one the last; `servers` shapes
/// the hint.
Error verdict(const Finish& finish,
              const Target& target,
              std::string_view through,
              Moment ended,
              unsigned dials = 1,
              NameServers servers = NameServers::of_resolv_conf);

}  // namespace gladhand
