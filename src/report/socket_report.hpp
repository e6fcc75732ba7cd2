// What gladhand-recv prints: a socket that was passed, and how the program that passed it ended.
#pragma once

#include <string>

#include "base/socket_facts.hpp"

namespace gladhand {

/// A line for each thing that matters, what is not set left out. `command_end` tells how the
/// command ended: "exited with status 0".
std::string socket_text(const SocketFacts& facts, const std::string& command_end);

/// One JSON object on one line. Every key is always there, null where there is nothing to tell.
/// `wait_status` is of waitpid(2).
std::string socket_json(const SocketFacts& facts, int wait_status);

}  // namespace gladhand
