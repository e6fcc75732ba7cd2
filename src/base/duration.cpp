#include "base/duration.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace gladhand {

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  double unit = 1e6;
  if (text.ends_with("ms")) {
    unit = 1e3;
    text.remove_suffix(2);
  } else if (text.ends_with('s')) {
    text.remove_suffix(1);
  }
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || stop != end) return std::nullopt;
  const double result = number * unit;
  if (!(result >= 0) || result > 86400e6) return std::nullopt;
  return std::chrono::microseconds(std::llround(result));
}

std::string to_string(std::chrono::microseconds duration) {
  const bool seconds = duration.count() >= 999'500;  // what would be rounded to 1000 ms
  const double number = static_cast<double>(duration.count()) / (seconds ? 1e6 : 1e3);
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f", number < 10 ? 1 : 0, number);
  std::string result = text;
  if (result.ends_with(".0")) result.resize(result.size() - 2);
  return result + (seconds ? " s" : " ms");
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
