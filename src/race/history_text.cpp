#include "race/history_text.hpp"

#include <algorithm>
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
constexpr std::size_t longest_host = 64;

std::string word_of(std::string_view host) {
  std::string word = printable(host).substr(0, longest_host);
  std::ranges::replace_if(
      word, [](char it) { return it == ' ' || it == '#'; }, '?');
  return word.empty() ? "-" : word;
}

std::string line_of(const KnownEndpoint& it) {
  std::string line = "endpoint " + to_string(it.endpoint);
  for (const auto number : {std::int64_t{it.endpoint.port()},
                            std::int64_t{it.round_trip.count()},
                            std::int64_t{it.variation.count()},
                            std::int64_t{it.won},
                            std::int64_t{it.failures},
                            std::int64_t{it.passed_over},
                            std::int64_t{it.used.count()}})
    line += ' ' + std::to_string(number);
  return line + ' ' + word_of(it.host) + '\n';
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

bool read_endpoint(Words& words, History& history) {
  KnownEndpoint known;
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

bool read_line(std::string_view line, HistoryFile& file) {
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
  return kind == "family" ? read_family(words, file.history)
                          : kind == "endpoint" && read_endpoint(words, file.history);
}

}  // namespace

std::string history_text(const HistoryFile& file) {
  std::string body =
      "network " + file.network + "\nwritten " + std::to_string(file.written.count()) + '\n';
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    const KnownFamily& known = file.history.families[static_cast<std::size_t>(family)];
    body += "family " + std::string(to_string(family)) + ' ' + std::to_string(known.failures) +
            ' ' + std::to_string(known.passed_over) + '\n';
  }
  for (const KnownEndpoint& it : file.history.endpoints) body += line_of(it);
  return std::string(magic) + std::string(version) + fnv_1a_text(body) + '\n' + body;
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
  constexpr std::size_t head = magic.size() + version.size();
  constexpr std::size_t body = head + sum_length + 1;
  if (text.size() < body || !text.starts_with(magic) || text[body - 1] != '\n' ||
      text.substr(head, sum_length) != fnv_1a_text(text.substr(body)))
    return damaged;
  for (std::string_view rest = text.substr(body); !rest.empty();) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    if (!read_line(rest.substr(0, length), file)) return damaged;
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return file;
}

}  // namespace gladhand
