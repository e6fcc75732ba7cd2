// Patterns as ssh_config(5) has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gladhand {

/// Whether all of `text` is `pattern`, where '*' stands for any characters and '?' for one. ASCII
/// letters are the same in both cases.
bool matches_pattern(std::string_view text, std::string_view pattern);

/// Whether `text` matches a list of patterns: one at least, and none of those that begin with '!'.
/// A pattern may be several with commas between.
bool matches_list(std::string_view text, const std::vector<std::string>& patterns);

/// The patterns of a list, those with commas taken apart; blanks around them do not count.
std::vector<std::string> split_patterns(const std::vector<std::string>& patterns);

}  // namespace gladhand
