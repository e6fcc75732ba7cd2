#include "doctor/ssh_files.hpp"

#include <algorithm>

#include "base/letters.hpp"
#include "base/words.hpp"

namespace gladhand {

namespace {

constexpr std::string_view blanks = " \t\r\f";

std::string in_small_letters(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower<char>);
  return result;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(blanks) + 1));
  return text;
}

// "Keyword value", "Keyword = value", "Keyword=value" [ssh_config(5)].
void split(std::string_view line, std::string_view& keyword, std::string_view& value) {
  const std::size_t end = std::min(line.find_first_of(" \t="), line.size());
  keyword = line.substr(0, end);
  value = trimmed(line.substr(end));
  if (value.starts_with('=')) value = trimmed(value.substr(1));
  if (value.size() > 1 && value.starts_with('"') && value.find('"', 1) == value.size() - 1)
    value = value.substr(1, value.size() - 2);
}

std::string place_of(const std::string& path, unsigned line) {
  return path + ':' + std::to_string(line);
}

// Calls `use` with the number and the text of every line.
template <typename Use>
void number_lines(std::string_view text, Use use) {
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    use(number, text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
}

}  // namespace

std::vector<SshLine> read_ssh_lines(const std::vector<TextFile>& files) {
  std::vector<SshLine> lines;
  unsigned block_number = 0;
  for (const TextFile& file : files) {
    std::string block;
    ++block_number;
    number_lines(file.text, [&](unsigned number, std::string_view whole) {
      const std::string_view line = trimmed(whole);
      if (line.empty() || line.starts_with('#')) return;
      std::string_view keyword;
      std::string_view value;
      split(line, keyword, value);
      const std::string word = in_small_letters(keyword);
      if (word == "host" || word == "match") {
        block = word + ' ' + std::string(value);
        ++block_number;
        return;
      }
      lines.push_back({.place = place_of(file.path, number),
                       .keyword = word,
                       .value = std::string(value),
                       .block = block,
                       .block_number = block_number});
    });
  }
  return lines;
}

const SshLine* find_ssh_line(const std::vector<SshLine>& lines,
                             std::string_view keyword,
                             std::string_view value) {
  const SshLine* first = nullptr;
  for (const SshLine& line : lines) {
    if (!equal_words(line.keyword, keyword)) continue;
    if (equal_words(line.value, value)) return &line;
    if (first == nullptr) first = &line;
  }
  return first;
}

std::string find_place(const TextFile& file, const std::vector<std::string_view>& words) {
  std::string place;
  number_lines(file.text, [&](unsigned number, std::string_view line) {
    const auto found = split_words(line);
    if (place.empty() && !found.empty() && std::ranges::find(words, found[0]) != words.end())
      place = place_of(file.path, number);
  });
  return place;
}

}  // namespace gladhand
