#include "base/duration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/decimal.hpp"

namespace gladhand {

namespace {

// Microseconds. Longer names first: "ms" is no "m".
constexpr std::pair<std::string_view, double> units[] = {
    {"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}};

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

std::optional<double> take_unit(std::string_view& text) {
  for (const auto& [name, length] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  if (text.starts_with(' ') || text.ends_with(' ')) return std::nullopt;
  double sum = 0;
  for (bool first = true; first || !text.empty(); first = false) {
    const auto number = take_decimal(text);
    if (!number) return std::nullopt;
    if (first && text.empty()) {
      sum = *number * 1e6;
      break;
    }
    skip_blanks(text);
    const auto unit = take_unit(text);
    if (!unit) return std::nullopt;
    sum += *number * *unit;
    skip_blanks(text);
  }
  if (sum > 86400e6) return std::nullopt;
  return std::chrono::microseconds(std::llround(sum));
}

std::string to_string(std::chrono::microseconds duration) {
  const bool seconds = duration.count() >= 999'500;  // what would be rounded to 1000 ms
  const char* const name = seconds ? " s" : " ms";
  const std::int64_t unit = seconds ? 1'000'000 : 1'000;
  // Most durations are what somebody has chosen, and every dial puts its timeout into words.
  if (duration.count() % unit == 0) return std::to_string(duration.count() / unit) + name;
  const double number = static_cast<double>(duration.count()) / static_cast<double>(unit);
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f", number < 10 ? 1 : 0, number);
  std::string result = text;
  if (result.ends_with(".0")) result.resize(result.size() - 2);
  return result + name;
}

std::string to_precise_string(std::chrono::microseconds duration) {
  constexpr int digits = 3;
  double number = static_cast<double>(duration.count());
  const char* unit = " us";
  for (const char* larger : {" ms", " s"}) {
    if (number < 999.5) break;
    number /= 1e3;
    unit = larger;
  }
  char text[32];
  const int whole = number < 9.995 ? 1 : number < 99.95 ? 2 : digits;
  const bool is_exact = unit == std::string_view(" us");
  std::snprintf(text, sizeof(text), "%.*f", is_exact ? 0 : digits - whole, number);
  return text + std::string(unit);
}

std::string to_precise_string(double microseconds) {
  return to_precise_string(std::chrono::microseconds(std::llround(microseconds)));
}

}  // namespace gladhand
