// Verdict: how a race that was lost is told: one line, a hint, an exit status.
#pragma once

#include <chrono>
#include <string>

#include "gladhand/error.hpp"
#include "gladhand/event.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

/// The Error for a finished race without a winner; `ended` is when it finished. Every address is
/// named with its own cause, equal causes together. `dials` is how many there were, this one the
/// last.
Error verdict(const Finish& finish, const Target& target, Moment ended, unsigned dials = 1);

}  // namespace gladhand
