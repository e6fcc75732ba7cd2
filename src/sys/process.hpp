// Starting a program of the user's, without a shell.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace gladhand {

using Environment = std::vector<std::pair<std::string, std::string>>;

/// How a program is started. It inherits our stderr, unless it gets another, and no other
/// descriptor than these.
struct ProcessSetup {
  /// Whether the program is ended by SIGTERM when this process ends.
  enum class Life : std::uint8_t { its_own, ours };

  int in = -1;
  int out = -1;
  int err = -1;              ///< -1: ours
  bool leads_group = false;  ///< of its own: it has no terminal to ask at
  sighandler_t on_broken_pipe = SIG_DFL;
  Environment environment = {};       ///< added to ours; replaces what has the same name
  const sigset_t* blocked = nullptr;  ///< the signals it starts with blocked; null: as ours
  Life life = Life::its_own;
};

struct Process {
  pid_t pid;       ///< the caller's to reap
  UniqueFd ended;  ///< a pidfd: readable once the program has ended
};

/// Starts `words`, found along PATH. Fails (not_handed_over) when it cannot be started, and nothing
/// is left of it then.
Result<Process> start_process(const std::vector<std::string>& words, const ProcessSetup& setup);

/// The same for a program that is nobody's to wait for. Returns why it could not be started.
std::optional<Error> start_detached_process(const std::vector<std::string>& words,
                                            const ProcessSetup& setup);

/// Why start_process would fail where there is no such program along PATH.
std::optional<Error> missing_program(const std::string& name);

/// Becomes `words`, with our environment and descriptors. Returns only when it cannot, and why.
Error become_program(const std::vector<std::string>& words);

/// Waits for the end of a child. Returns its wait status.
int reap(pid_t pid);

/// "exited with status 3", "was ended by signal 9".
std::string describe_wait_status(int status);

}  // namespace gladhand
