// How this machine's administrator ranks addresses.
#pragma once

#include "race/policy.hpp"

namespace gladhand {

/// What /etc/gai.conf makes of the policy table; read once in a process, as in glibc.
const PolicyTable& system_policy();

}  // namespace gladhand
