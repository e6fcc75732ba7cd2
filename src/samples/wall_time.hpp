// Times of the day, as files have them: UTC, ISO 8601, to the millisecond.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace gladhand {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// "2026-11-29T13:05:09.250Z"
std::string utc_text(WallTime at);

/// The reverse, with or without a fraction. Empty for anything else.
std::optional<WallTime> read_utc(const std::string& text);

}  // namespace gladhand
