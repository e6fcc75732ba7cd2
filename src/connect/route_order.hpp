// What becomes of one of several ways to a target when its time is over.
#pragma once

#include <cstdint>

namespace gladhand {

enum class RouteOrder : std::uint8_t {
  in_order,  ///< it is given up
  race,      ///< it goes on beside the next
};

}  // namespace gladhand
