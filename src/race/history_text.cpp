#include "race/history_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/fnv.hpp"

namespace gladhand {

namespace {

constexpr std::string_view magic = "gladhand-history ";
constexpr std::string_view version = "1 ";
constexpr std::size_t sum_length = 16;
constexpr std::size_t sum_at = magic.size() + version.size();
constexpr std::size_t body_at = sum_at + sum_length + 1;
constexpr std::size_t longest_host = 64;

std::string word_of(std::string_view host) {
  std::string word = printable(host).substr(0, longest_host);
  std::ranges::replace_if(
      word, [](char it) { return it == ' ' || it == '#'; }, '?');
  return word.empty() ? "-" : word;
}

void add_number(std::string& line, std::int64_t number) {
  std::array<char, 20> digits;
  line += ' ';
  line.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
}

void add_endpoint(std::string& text, const KnownEndpoint& it) {
  text += "endpoint ";
  text += to_string(it.endpoint);
  for (const auto number : {std::int64_t{it.endpoint.port()},
                            std::int64_t{it.round_trip.count()},
                            std::int64_t{it.variation.count()},
                            std::int64_t{it.won},
                            std::int64_t{it.failures},
                            std::int64_t{it.passed_over},
                            std::int64_t{it.used.count()}})
    add_number(text, number);
  text += ' ';
  text += word_of(it.host);
}

// The words of one line, with a space between, each read once; one that is missing or senseless
// spoils them all.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view text() {
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(std::min(word.size() + 1, rest_.size()));
    good_ = good_ && !word.empty();
    return word;
  }

  std::string_view rest() const { return rest_; }

  template <typename Number>
  Number number() {
    const std::string_view word = text();
    Number value{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    good_ = good_ && error == std::errc() && end == word.data() + word.size() && value >= 0;
    return value;
  }

  std::chrono::microseconds duration() { return std::chrono::microseconds(number<std::int32_t>()); }

  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

bool read_family(Words& words, History& history) {
  const std::string_view name = words.text();
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    if (name != to_string(family)) continue;
    KnownFamily& known = history.families[static_cast<std::size_t>(family)];
    known.failures = words.number<std::uint32_t>();
    known.passed_over = words.number<std::uint32_t>();
    return words.good();
  }
  return false;
}

bool read_endpoint(Words& words, std::size_t at, History& history) {
  KnownEndpoint known{.endpoint = {}, .line = at};
  const std::string_view address = words.text();
  const auto endpoint = parse_address(address, words.number<std::uint16_t>());
  known.round_trip = words.duration();
  known.variation = words.duration();
  known.won = words.number<std::uint32_t>();
  known.failures = words.number<std::uint32_t>();
  known.passed_over = words.number<std::uint32_t>();
  known.used = std::chrono::seconds(words.number<std::int64_t>());
  known.host = words.text();
  if (!endpoint || !words.good()) return false;
  known.endpoint = *endpoint;
  history.endpoints.push_back(std::move(known));
  return true;
}

// The line that stands at `at` in its text.
bool read_line(std::string_view line, std::size_t at, HistoryFile& file) {
  Words words(line);
  const std::string_view kind = words.text();
  if (kind == "written") {
    file.written = std::chrono::seconds(words.number<std::int64_t>());
    return words.good();
  }
  if (kind == "network") {
    file.network = words.rest();
    return true;
  }
  if (kind == "family") return read_family(words, file.history);
  return kind == "endpoint" && read_endpoint(words, at, file.history);
}

}  // namespace

std::string history_text(const HistoryFile& file, std::string_view before) {
  std::string text(magic);
  text.reserve(before.size() + 256);  // one more line
  text += version;
  text.append(sum_length, ' ');  // known at the end
  text += "\nnetwork " + file.network + "\nwritten";
  add_number(text, file.written.count());
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    const KnownFamily& known = file.history.families[static_cast<std::size_t>(family)];
    text += "\nfamily ";
    text += to_string(family);
    add_number(text, known.failures);
    add_number(text, known.passed_over);
  }
  text += '\n';
  for (const KnownEndpoint& it : file.history.endpoints) {
    if (it.line > 0 && it.line < before.size()) {
      text += before.substr(it.line, before.find('\n', it.line) - it.line);
    } else {
      add_endpoint(text, it);
    }
    text += '\n';
  }
  return text.replace(sum_at, sum_length, fnv_1a_text(std::string_view(text).substr(body_at)));
}

bool is_of_another_version(std::string_view text) {
  return text.starts_with(magic) && !text.substr(magic.size()).starts_with(version);
}

Result<HistoryFile> read_history_text(std::string_view text) {
  const Error damaged(ExitStatus::not_handed_over, "its file is damaged");
  HistoryFile file;
  if (text.empty()) return file;
  if (is_of_another_version(text))
    return Error(ExitStatus::not_handed_over, "its file is of another version");
  if (text.size() < body_at || !text.starts_with(magic) || text[body_at - 1] != '\n' ||
      text.substr(sum_at, sum_length) != fnv_1a_text(text.substr(body_at)))
    return damaged;
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  file.history.endpoints.reserve(std::min(lines, most_known_endpoints) + 1);
  for (std::size_t at = body_at; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (!read_line(text.substr(at, end - at), at, file)) return damaged;
    at = end + 1;
  }
  return file;
}

}  // namespace gladhand
