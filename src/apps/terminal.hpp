// What a terminal can show.
#pragma once

#include "report/waterfall.hpp"

namespace gladhand {

/// The canvas that standard output is: its width where it is a terminal, colour unless NO_COLOR is
/// set, and the characters of the locale.
Canvas output_canvas();

/// The width of a terminal; 0 where `fd` is none.
unsigned terminal_columns(int fd);

}  // namespace gladhand
