// --doctor: finds out how a host is set up, and prints what is wrong with it.
#pragma once

#include "apps/options.hpp"

namespace gladhand {

/// Prints the page, or the JSON of --json, on stdout. Returns what the program ends with. Throws
/// UsageError for a host that is none.
ExitStatus run_doctor(const Settings& settings);

}  // namespace gladhand
