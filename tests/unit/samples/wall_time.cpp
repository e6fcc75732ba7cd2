#include "samples/wall_time.hpp"

#include <doctest/doctest.h>

using namespace gladhand;
using namespace std::chrono_literals;

TEST_CASE("a time of the day is written in UTC, to the millisecond, and read again") {
  const WallTime at = WallTime(1'795'957'509s) + 250'999us;
  CHECK(utc_text(at) == "2026-11-29T13:05:09.250Z");
  CHECK(read_utc("2026-11-29T13:05:09.250Z") == at - 999us);
  CHECK(read_utc("2026-11-29T13:05:09Z") == at - 250'999us);
  CHECK(read_utc("2026-11-29T13:05:09.25099912Z") == at);
  CHECK(utc_text(WallTime(0s)) == "1970-01-01T00:00:00.000Z");
  for (const char* wrong :
       {"", "yesterday", "2026-11-29T13:05:09", "2026-11-29T13:05:09.x", "2026-11-29T13:05:09.5Z "})
    CHECK_FALSE(read_utc(wrong));
}
