// ASCII letters, whose case does not count in names, keywords and header fields.
#pragma once

#include <algorithm>
#include <string_view>

namespace gladhand {

/// The small letter of an ASCII capital; any other character is itself.
template <typename Character>
constexpr Character lower(Character c) {
  return c >= 'A' && c <= 'Z' ? static_cast<Character>(c - 'A' + 'a') : c;
}

/// Whether two words are the same without regard to the case of ASCII letters.
constexpr bool equal_words(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower<char>, lower<char>);
}

}  // namespace gladhand
