#include "base/decimal.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace gladhand {

namespace {

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

// 15 digits: below 2^53, so that a double holds them. What comes after them only says how large.
constexpr std::uint64_t enough = 1'000'000'000'000'000;

}  // namespace

std::optional<double> take_decimal(std::string_view& text) {
  const std::string_view whole = text.substr(0, count_digits(text));
  std::string_view rest = text.substr(whole.size());
  std::string_view fraction;
  if (rest.starts_with('.')) {
    fraction = rest.substr(1, count_digits(rest.substr(1)));
    rest.remove_prefix(1 + fraction.size());
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;

  // Two whole numbers below 2^53 and one division: what is rounded is rounded once.
  std::uint64_t digits = 0;
  double more = 1;
  double parts = 1;
  for (const char digit : whole) {
    if (digits < enough / 10) {
      digits = digits * 10 + static_cast<std::uint64_t>(digit - '0');
    } else {
      more *= 10;
    }
  }
  for (const char digit : fraction) {
    if (digits >= enough / 10) break;
    digits = digits * 10 + static_cast<std::uint64_t>(digit - '0');
    parts *= 10;
    if (parts >= 1e22) break;  // the last power of ten that a double holds
  }
  const double number = static_cast<double>(digits) * more / parts;
  if (!std::isfinite(number)) return std::nullopt;
  text = rest;
  return number;
}

std::optional<double> read_decimal(std::string_view text) {
  const auto number = take_decimal(text);
  return text.empty() ? number : std::nullopt;
}

}  // namespace gladhand
