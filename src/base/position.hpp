// Lists in which everything stands once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace gladhand {

/// Where `item` is among `items`; at their end, added, if it was not there.
template <typename Item>
std::uint32_t position_of(std::vector<Item>& items, const Item& item) {
  const auto position = static_cast<std::uint32_t>(std::ranges::find(items, item) - items.begin());
  if (position == items.size()) items.push_back(item);
  return position;
}

}  // namespace gladhand
