// The waterfall: what --explain draws of a dial, and the reason for each decision beneath it.
#pragma once

#include <span>
#include <string>

#include "gladhand/event.hpp"

namespace gladhand {

/// How the picture may look.
struct Canvas {
  unsigned columns = 80;
  bool tables_fit = true;  ///< or they are as wide as what they hold
  bool unicode = true;
  bool colour = false;
};

/// Draws the events of one finished dial. Rows stay within `columns` unless an address alone does
/// not; every line has its line end.
std::string draw_waterfall(std::span<const Event> events, const Canvas& canvas);

/// The picture alone, without its title and the reasons.
std::string draw_bars_of_dial(std::span<const Event> events, const Canvas& canvas);

}  // namespace gladhand
