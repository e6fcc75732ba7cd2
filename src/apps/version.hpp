// Which gladhand this is, what it was built on and what it runs with.
#pragma once

#include <string>

namespace gladhand {

/// Several lines, the first "PROGRAM VERSION"; no line end after the last.
std::string version_text(const std::string& program);

/// The names of the known holes of the c-ares that this runs with, blanks between; empty: none.
std::string open_resolver_holes();

}  // namespace gladhand
