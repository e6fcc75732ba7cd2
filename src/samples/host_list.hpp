// The hosts of a fleet, as a file names them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gladhand {

/// The hosts of a file: one a line, blank lines and what follows a '#' left out.
std::vector<std::string> read_host_list(std::string_view text);

}  // namespace gladhand
