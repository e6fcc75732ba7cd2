// The command line of gladhand-recv.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace gladhand {

struct RecvSettings {
  std::vector<std::string> command;  ///< the one that passes a descriptor
  std::vector<std::string> program;  ///< of --exec; empty without it
  bool json = false;
  bool relay = false;
  std::optional<std::chrono::microseconds> timeout = {};  ///< empty: none
  std::string answer = {};  ///< --help or --version: print this and do nothing else
};

/// Reads the command line. Throws UsageError that says what is wrong with it.
RecvSettings parse_recv_command_line(int argc, const char* const* argv);

}  // namespace gladhand
