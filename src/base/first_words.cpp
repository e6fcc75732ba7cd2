#include "base/first_words.hpp"

#include <algorithm>

namespace gladhand {

namespace {

// As OpenSSH's client has them.
constexpr std::size_t longest_line = 8192;
constexpr std::size_t most_lines = 1024;

class Category : public std::error_category {
 public:
  const char* name() const noexcept override { return "first words"; }

  std::string message(int value) const override {
    switch (static_cast<Unheard>(value)) {
      case Unheard::closed: return "closed without a word";
      case Unheard::cut: return "closed amid its first line";
      case Unheard::not_allowed: return "'Not allowed at this time'";
      case Unheard::crowded: return "'Exceeded MaxStartups'";
      case Unheard::other_words: return "other first words";
    }
    return "";
  }
};

std::error_code at_the_end(std::string_view seen) {
  return seen.empty() ? Unheard::closed : Unheard::cut;
}

std::optional<std::error_code> judge_other_line(std::string_view line) {
  if (const auto refusal = refusal_of_sshd(line)) return refusal;
  if (line.size() > longest_line || line.find('\0') != line.npos) return Unheard::other_words;
  return std::nullopt;
}

std::optional<std::error_code> judge_ssh(std::string_view seen, bool ended) {
  std::string_view rest = seen;
  for (std::size_t lines = 0; lines <= most_lines; ++lines) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (end != rest.npos && line.starts_with("SSH-")) return std::error_code();
    if (const auto other = judge_other_line(line)) return other;
    if (end == rest.npos) {
      if (ended) return at_the_end(seen);
      if (seen.size() >= most_first_words) return Unheard::other_words;
      return std::nullopt;
    }
    rest.remove_prefix(end + 1);
  }
  return Unheard::other_words;
}

}  // namespace

std::error_code make_error_code(Unheard why) {
  static const Category category;
  return {static_cast<int>(why), category};
}

std::optional<std::error_code> refusal_of_sshd(std::string_view line) {
  if (line.starts_with("Not allowed at this time")) return Unheard::not_allowed;
  if (line.starts_with("Exceeded MaxStartups")) return Unheard::crowded;
  return std::nullopt;
}

std::optional<std::error_code> judge(const FirstWords& wanted, std::string_view seen, bool ended) {
  switch (wanted.kind) {
    case FirstWords::Kind::ssh: return judge_ssh(seen, ended);
    case FirstWords::Kind::line:
      if (seen.find('\n') != seen.npos || seen.size() > longest_line) return std::error_code();
      break;
    case FirstWords::Kind::prefix:
      if (seen.starts_with(wanted.prefix)) return std::error_code();
      if (!std::string_view(wanted.prefix).starts_with(seen)) return Unheard::other_words;
      break;
  }
  if (ended) return at_the_end(seen);
  return std::nullopt;
}

}  // namespace gladhand
