// The other side of the hand-over: runs a command as ssh runs a ProxyCommand with ProxyUseFdpass,
// and takes the descriptor that it passes. Unlike ssh it accepts nothing but one byte with one
// descriptor, and says what was wrong.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace gladhand {

struct Received {
  UniqueFd descriptor;  ///< close-on-exec
  int wait_status;      ///< the command's, as of waitpid(2); ssh ignores it
};

/// Runs `command` with one end of a Unix socket as its standard input and output, takes one
/// descriptor from it and waits for its end. Throws Error when it passes anything else, cannot be
/// started, or when `timeout` is over before it has ended; it is ended then. A signal ends it too,
/// and then this process.
Received receive(const std::vector<std::string>& command,
                 std::optional<std::chrono::microseconds> timeout);

}  // namespace gladhand
