// What somebody who has mistyped a word may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gladhand {

/// The word of `known` that takes the fewest letters to be changed, left out or added to become
/// `word`; empty where none is near.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace gladhand
