#include "strategy/pattern.hpp"

#include <algorithm>

#include "base/letters.hpp"

namespace gladhand {

// The last '*' is gone back to: no pattern takes longer than the product of the two lengths.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after_star = 0;
  while (at < text.size()) {
    const bool more = in_pattern < pattern.size();
    if (more && pattern[in_pattern] == '*') {
      star = in_pattern++;
      after_star = at;
    } else if (more &&
               (pattern[in_pattern] == '?' || lower(pattern[in_pattern]) == lower(text[at]))) {
      ++at;
      ++in_pattern;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++after_star;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
  return in_pattern == pattern.size();
}

std::vector<std::string> split_patterns(const std::vector<std::string>& patterns) {
  std::vector<std::string> words;
  for (std::string_view rest : patterns)
    for (;;) {
      const std::size_t length = std::min(rest.find(','), rest.size());
      std::string_view word = rest.substr(0, length);
      while (word.starts_with(' ')) word.remove_prefix(1);
      while (word.ends_with(' ')) word.remove_suffix(1);
      if (!word.empty()) words.emplace_back(word);
      if (length == rest.size()) break;
      rest.remove_prefix(length + 1);
    }
  return words;
}

bool matches_list(std::string_view text, const std::vector<std::string>& patterns) {
  return holds_for_list(
      patterns, [text](std::string_view pattern) { return matches_pattern(text, pattern); });
}

}  // namespace gladhand
