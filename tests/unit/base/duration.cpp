// Durations: what is read as one, what is not, and how one is written.
#include "base/duration.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace gladhand::duration_test {

using std::chrono::microseconds;

TEST_CASE("numbers with units, or a bare number of seconds, are a duration") {
  const struct {
    const char* text;
    long long expected;  // microseconds
  } table[] = {
      {"250ms", 250'000},
      {"2s", 2'000'000},
      {"2", 2'000'000},
      {"0.5", 500'000},
      {"0.5s", 500'000},
      {".5s", 500'000},
      {"1.5ms", 1'500},
      {"0.001ms", 1},
      {"10.25", 10'250'000},
      {"0", 0},
      {"0ms", 0},
      {"0s", 0},
      {"007", 7'000'000},
      {"30", 30'000'000},
      {"100us", 100},
      {"1m", 60'000'000},
      {"1.5h", 5'400'000'000},
      {"1 s", 1'000'000},
      {"1 ms", 1'000},
      {"1m30s", 90'000'000},
      {"1h 30m", 5'400'000'000},
      {"1 m 1 ms", 60'001'000},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.text));
    const auto duration = parse_duration(row.text);
    REQUIRE(duration);
    CHECK(duration->count() == row.expected);
  }
}

TEST_CASE("what is no whole microsecond is rounded to the nearest one") {
  CHECK(parse_duration("0.0014ms") == microseconds(1));
  CHECK(parse_duration("0.0016ms") == microseconds(2));
  CHECK(parse_duration("0.1234567") == microseconds(123'457));
}

TEST_CASE("a day is a duration, any more is none") {
  CHECK(parse_duration("24h") == microseconds(86'400'000'000));
  CHECK_FALSE(parse_duration("24h 1us"));
  CHECK(parse_duration("86400") == microseconds(86'400'000'000));
  CHECK(parse_duration("86400s") == microseconds(86'400'000'000));
  CHECK(parse_duration("86400000ms") == microseconds(86'400'000'000));
  CHECK_FALSE(parse_duration("86400.001"));
  CHECK_FALSE(parse_duration("86401s"));
  CHECK_FALSE(parse_duration("86400001ms"));
  CHECK_FALSE(parse_duration("99999999999999999999999999"));
  CHECK_FALSE(parse_duration(std::string(400, '9')));
}

TEST_CASE("anything else is no duration") {
  for (const char* text :
       {"",    "s",     "ms",  "m",     ".",    "1d",  "1min", "1s ",       "1s 2",  " 1",
        "1 ",  "1 h2",  "1S",  "1MS",   "1Ms",  "1ss", "1sms", "1mss",      "1s2",   "ms1",
        "1,5", "1.2.3", "1e3", "1e-3s", "0x10", "+1",  "-1",   "-1ms",      "-0.5s", "--1",
        "inf", "infs",  "nan", "nanms", "one",  "1\n", "\t1",  "1\xc2\xa0s"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_duration(text));
  }
  CHECK_FALSE(parse_duration(std::string_view("1\0", 2)));
  CHECK_FALSE(parse_duration(std::string_view("1\0ms", 4)));
}

TEST_CASE("a duration is written in ms or s with at most three digits that mean something") {
  const struct {
    long long duration;  // microseconds
    const char* expected;
  } table[] = {
      {0, "0 ms"},          {300, "0.3 ms"},      {1'000, "1 ms"},
      {1'500, "1.5 ms"},    {9'940, "9.9 ms"},    {9'960, "10 ms"},
      {10'000, "10 ms"},    {12'300, "12 ms"},    {50'000, "50 ms"},
      {250'000, "250 ms"},  {999'000, "999 ms"},  {999'400, "999 ms"},
      {1'000'000, "1 s"},   {1'500'000, "1.5 s"}, {2'000'000, "2 s"},
      {9'940'000, "9.9 s"}, {9'960'000, "10 s"},  {10'000'000, "10 s"},
      {10'040'000, "10 s"}, {30'000'000, "30 s"}, {600'000'000, "600 s"},
  };
  for (const auto& [duration, expected] : table)
    CHECK(to_string(microseconds(duration)) == expected);
}

TEST_CASE("what rounds to a thousand milliseconds is a second") {
  CHECK(to_string(microseconds(999'600)) == "1 s");
  CHECK(to_string(microseconds(999'999)) == "1 s");
}

TEST_CASE("what is written can be read again, and is off by no more than half its last digit") {
  const auto written_and_read = [](microseconds duration) {
    std::string text = to_string(duration);
    std::erase(text, ' ');
    return parse_duration(text);
  };
  for (long long count = 1; count < 1'000'000'000; count = count * 11 / 10 + 1) {
    const microseconds duration(count);
    CAPTURE(to_string(duration));
    const auto again = written_and_read(duration);
    REQUIRE(again);
    const auto off = std::abs((*again - duration).count());
    // One decimal below ten, none above: 0.05 of a millisecond at least, a twentieth at most.
    CHECK(off <= std::max(50LL, count / 19));
  }
  for (const long long count : {1'000, 1'500, 250'000, 500'000, 2'000'000, 30'000'000})
    CHECK(written_and_read(microseconds(count)) == microseconds(count));
}

}  // namespace gladhand::duration_test
