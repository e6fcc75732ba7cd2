// --ssh-config: what ssh's own configuration says of the host, asked of ssh.
#pragma once

#include <functional>
#include <string>

#include "apps/option_table.hpp"

namespace gladhand {

/// Set for `ssh -G`, which runs the commands of `Match exec`: a gladhand there asks no ssh again.
inline constexpr const char* ssh_guard = "GLADHAND_IN_SSH_CONFIG";

/// Runs `ssh -G`, with the options of the ssh that has started us if one has, for `destination`:
/// what is given, else that of that ssh, else `host`. Sets by line.preset() what it says, and
/// returns what was decided, a line each. Does nothing when such an ssh has run this program
/// itself. Throws Error when ssh cannot be asked, or says what no option takes.
std::string apply_ssh_configuration(const std::string& destination,
                                    const std::string& host,
                                    CommandLine& line,
                                    const std::function<bool(Needs)>& usable);

}  // namespace gladhand
