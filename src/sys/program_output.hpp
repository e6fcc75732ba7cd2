// What a program writes, all of it, for who has no loop yet to wait with.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sys/process.hpp"

namespace gladhand {

struct ProgramOutput {
  std::string out;
  std::string err;
  int status = 0;  ///< its wait status
};

/// Runs `words`, found along PATH, with `environment` added to ours and nothing to read, to its
/// end. Fails (not_handed_over) when it cannot be started or writes over 1 MiB, and (timed_out)
/// when `deadline` comes first; it is ended then, and with it what it has started.
Result<ProgramOutput> run_program(const std::vector<std::string>& words,
                                  const Environment& environment,
                                  std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
