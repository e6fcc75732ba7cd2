// How ssh was called: its arguments, those that decide what its configuration is for a host.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace gladhand {

struct SshCall {
  std::string destination;  ///< as the user has it: "db", "me@db", "ssh://db:2222"; may be empty
  std::vector<std::string> options;  ///< to be given to `ssh -G` for the same configuration
};

/// Reads the arguments of ssh(1), without the program's name. Of its options those stay that name
/// configuration (-F, -o), set what a configuration sets (-4, -6, -b, -B) or are matched by it (-l,
/// -p, -P).
SshCall read_ssh_call(std::span<const std::string> arguments);

}  // namespace gladhand
