// Lists in which everything stands once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gladhand {

/// Where `item` is among `items`; at their end, added, if it was not there.
template <typename Item>
std::uint32_t position_of(std::vector<Item>& items, const Item& item) {
  const auto position = static_cast<std::uint32_t>(std::ranges::find(items, item) - items.begin());
  if (position == items.size()) items.push_back(item);
  return position;
}

/// The same for a text, of which there may be as many as there are samples: one that has not come
/// for long stands there again.
inline std::uint32_t position_of_text(std::vector<std::string>& texts, const std::string& text) {
  constexpr std::size_t looked_at = 64;
  const std::size_t first = texts.size() - std::min(texts.size(), looked_at);
  const auto found =
      std::find(texts.begin() + static_cast<std::ptrdiff_t>(first), texts.end(), text);
  const auto position = static_cast<std::uint32_t>(found - texts.begin());
  if (found == texts.end()) texts.push_back(text);
  return position;
}

}  // namespace gladhand
