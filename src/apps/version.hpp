// Which gladhand this is, what it was built on and what it runs with.
#pragma once

#include <string>

namespace gladhand {

/// Several lines, the first "PROGRAM VERSION"; no line end after the last.
std::string version_text(const std::string& program);

}  // namespace gladhand
