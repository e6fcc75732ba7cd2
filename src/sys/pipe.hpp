// A pipe for what a program writes.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace gladhand {

struct Pipe {
  UniqueFd out;  ///< non-blocking: this process reads it
  UniqueFd in;   ///< blocking, as a program expects its output to be
};

/// Both ends close with exec.
Result<Pipe> make_pipe();

}  // namespace gladhand
