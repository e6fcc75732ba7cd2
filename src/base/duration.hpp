// Durations as a person writes and reads them: "250ms", "2s", "0.5" (seconds).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gladhand {

/// Reads numbers with `us`, `ms`, `s`, `m` or `h`, which are added up: "250ms", "1.5 s", "1h 30m". A
/// bare number is seconds, decimals are allowed. Empty when `text` is anything else, negative, or
/// over a day.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

/// "10 s", "1.5 s", "250 ms", "0.3 ms": one decimal below 10, none above.
std::string to_string(std::chrono::microseconds duration);

/// For figures that are compared, three digits: "48 us", "1.23 ms", "251 ms", "1.02 s".
std::string to_precise_string(std::chrono::microseconds duration);
std::string to_precise_string(double microseconds);

}  // namespace gladhand
