// How gladhand ends: its exit statuses, and the error that names one.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace gladhand {

/// sysexits(3) numbers, because they say which stage failed. Never 77 or 99: test runners read
/// those as "skipped" and "error".
enum class ExitStatus {
  handed_over = 0,
  usage = 64,
  no_address = 68,
  all_attempts_failed = 69,
  not_handed_over = 71,
  timed_out = 75,
  proxy_failed = 76,    ///< a proxy or multiplexer refused, or spoke nonsense
  problems_found = 78,  ///< --doctor has some to tell
};

/// Ends the program with one line on stderr, a hint where there is a likely remedy, and a status.
class Error : public std::runtime_error {
 public:
  Error(ExitStatus status, const std::string& message, std::string hint = {})
      : std::runtime_error(message), status_(status), hint_(std::move(hint)) {}

  ExitStatus status() const { return status_; }
  const std::string& hint() const { return hint_; }

 private:
  ExitStatus status_;
  std::string hint_;
};

/// A command line that cannot be meant. Thrown before any traffic.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message, std::string hint = {})
      : Error(ExitStatus::usage, message, std::move(hint)) {}
};

/// The lines that `program` tells an error in: "gladhand: ...", and the hint unless `quiet`.
std::string error_lines(std::string_view program, const Error& error, bool quiet = false);

/// The system's words for an errno, in lower case: the end of one of our lines.
std::string system_words(int error);

/// `text` without what stands between "://" and the last '@' behind it: URLs without their users
/// and passwords, wherever on a command line they were put.
std::string without_user(std::string_view text);

/// `text` without_user, with every byte that is not printable ASCII shown as \xHH, cut after 300
/// characters: fit to be written to a terminal whatever it holds.
std::string printable(std::string_view text);

/// The same in single quotes, quotes and backslashes inside escaped too: fit for one word of the
/// user's.
std::string in_quotes(std::string_view text);

}  // namespace gladhand
