// Patterns as ssh_config(5) has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gladhand {

/// Whether all of `text` is `pattern`, where '*' stands for any characters and '?' for one. ASCII
/// letters are the same in both cases.
bool matches_pattern(std::string_view text, std::string_view pattern);

/// The patterns of a list, those with commas taken apart; blanks around them do not count.
std::vector<std::string> split_patterns(const std::vector<std::string>& patterns);

/// Whether `matches` holds for one word of a list at least, and for none of those that begin with
/// '!'. A word may be several with commas between.
template <typename Matches>
bool holds_for_list(const std::vector<std::string>& list, Matches matches) {
  bool found = false;
  for (const std::string_view word : split_patterns(list)) {
    const bool negated = word.starts_with('!');
    if (!matches(word.substr(negated ? 1 : 0))) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/// Whether `text` matches a list of patterns.
bool matches_list(std::string_view text, const std::vector<std::string>& patterns);

}  // namespace gladhand
