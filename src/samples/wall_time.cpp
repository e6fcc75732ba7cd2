#include "samples/wall_time.hpp"

#include <cstdio>
#include <ctime>

namespace gladhand {

namespace {

constexpr const char* to_the_second = "%Y-%m-%dT%H:%M:%S";

// Of ".25Z", a quarter of a second. Empty unless it is digits to the end.
std::optional<std::chrono::microseconds> read_fraction(const char* text) {
  std::chrono::microseconds fraction{};
  std::chrono::microseconds place{100'000};
  if (*text == '.') {
    for (++text; *text >= '0' && *text <= '9'; ++text, place /= 10)
      fraction += (*text - '0') * place;
  }
  if (text[0] != 'Z' || text[1] != '\0') return std::nullopt;
  return fraction;
}

}  // namespace

std::string utc_text(WallTime at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const std::time_t seconds = second.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::string result(text, std::strftime(text, sizeof(text), to_the_second, &parts));
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(at - second);
  std::snprintf(text, sizeof(text), ".%03dZ", static_cast<int>(rest.count()));
  return result + text;
}

std::optional<WallTime> read_utc(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), to_the_second, &parts);
  if (end == nullptr) return std::nullopt;
  const auto fraction = read_fraction(end);
  if (!fraction) return std::nullopt;
  return WallTime(std::chrono::seconds(::timegm(&parts)) + *fraction);
}

}  // namespace gladhand
