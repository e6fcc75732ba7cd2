// Lines of blank-separated words with comments, as /etc/hosts, resolv.conf and gai.conf have them.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace gladhand {

/// The words of one line, up to a comment.
inline std::vector<std::string_view> split_words(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\f\v";
  std::vector<std::string_view> words;
  line = line.substr(0, line.find('#'));
  for (;;) {
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t length = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

/// Calls `use` with the words of every line that has any.
template <typename Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::vector<std::string_view> words = split_words(text.substr(0, length));
    if (!words.empty()) use(words);
    text.remove_prefix(std::min(length + 1, text.size()));
  }
}

}  // namespace gladhand
