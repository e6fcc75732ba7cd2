// Listening to what a server says first, without taking a byte of it.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>

#include "base/first_words.hpp"

namespace gladhand {

struct Heard {
  std::optional<std::error_code> verdict;  ///< as judge() has it
  bool readable = false;                   ///< something is there: the socket stays readable
};

/// Looks at what `fd` has, now.
Heard hear(int fd, const FirstWords& wanted);

/// How long to wait before one looks again at a socket that stays readable.
inline constexpr std::chrono::milliseconds pause_between_looks{2};

/// Waits for them. Completes with hear()'s verdict, or std::errc::timed_out at `deadline`.
asio::awaitable<std::error_code> wait_for_first_words(
    int fd, FirstWords wanted, std::chrono::steady_clock::time_point deadline);

/// The same error in words; `given`: the time that there was.
std::string why_unheard(std::error_code error, std::chrono::microseconds given);

}  // namespace gladhand
