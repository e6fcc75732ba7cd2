// Whether this machine is plugged in.
#pragma once

#include <string>

namespace gladhand {

/// Whether a power supply that `folder` has (/sys/class/power_supply) is on line, or none is needed
/// as there is no battery that this machine runs on.
bool has_mains_power(const std::string& folder);

}  // namespace gladhand
