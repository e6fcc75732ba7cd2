// What a server says first: whether it is what was waited for. No byte of it is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace gladhand {

/// What is waited for.
struct FirstWords {
  enum class Kind : std::uint8_t {
    line,    ///< any whole line
    ssh,     ///< a whole line that begins with "SSH-", others before it allowed [RFC 4253 §4.2]
    prefix,  ///< `prefix`
  };
  Kind kind = Kind::line;
  std::string prefix{};
};

/// Why a server that was connected to is not the one that was looked for.
enum class Unheard : std::uint8_t {
  closed = 1,   ///< not a byte
  cut,          ///< ended amid what was waited for
  not_allowed,  ///< sshd's "Not allowed at this time"
  crowded,      ///< sshd's "Exceeded MaxStartups"
  other_words,  ///< what no such server says
};

std::error_code make_error_code(Unheard why);

/// What sshd says in place of its identification before it closes; empty for any other line.
std::optional<std::error_code> refusal_of_sshd(std::string_view line);

/// As much of what has come is looked at.
inline constexpr std::size_t most_first_words = 64 << 10;

/// What `seen`, all that has come so far, is: no error where it is what was waited for, an error
/// where it cannot become that; empty while more may come. `ended`: nothing more will.
std::optional<std::error_code> judge(const FirstWords& wanted, std::string_view seen, bool ended);

}  // namespace gladhand

template <>
struct std::is_error_code_enum<gladhand::Unheard> : std::true_type {};
