// The program that has started this one.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace gladhand {

struct ParentProcess {
  std::string program;                 ///< the path of its file
  std::vector<std::string> arguments;  ///< without its own name
};

/// What /proc tells of it; empty when it has ended, or is not for us to look at.
std::optional<ParentProcess> read_parent();

}  // namespace gladhand
