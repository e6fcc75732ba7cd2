// What a command of the user's is told of the target.
#pragma once

#include "gladhand/target.hpp"
#include "sys/process.hpp"

namespace gladhand {

/// GLADHAND_HOST and GLADHAND_PORT, for a command that is about `target`.
Environment target_environment(const Target& target);

}  // namespace gladhand
