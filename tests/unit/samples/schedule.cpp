// When which dial begins, in simulated time.
#include "samples/schedule.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace gladhand;
using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

// Runs a schedule whose dials all take `takes`; each turn as "ms host mode number".
Log run(const ScheduleOptions& options,
        std::vector<std::size_t> modes,
        Moment takes,
        std::size_t most = 1000) {
  Schedule schedule(options, std::move(modes));
  std::vector<std::pair<Moment, Turn>> running;
  Log log;
  Moment now{};
  while (!schedule.finished(now) && log.size() < most) {
    while (const auto turn = schedule.next(now)) {
      log.push_back(
          std::to_string(now / 1ms) + ' ' + std::to_string(turn->host) + ' ' +
          std::to_string(turn->mode) + ' ' + std::to_string(turn->number) +
          (turn->warmup ? " warm" : "") +
          (turn->intended != now ? " meant for " + std::to_string(turn->intended / 1ms) : ""));
      running.emplace_back(now + takes, *turn);
    }
    const auto wake = schedule.wake();
    if (!running.empty() && (!wake || running.front().first <= *wake)) {
      now = running.front().first;
      schedule.ended(running.front().second, now);
      running.erase(running.begin());
    } else if (wake) {
      CHECK(*wake > now);
      now = *wake;
    } else {
      break;
    }
  }
  CHECK(schedule.running() == running.size());
  return log;
}

ScheduleOptions polite(unsigned samples) {
  return {.samples = samples, .concurrency = 64, .spread = 1ms};
}

ScheduleOptions flood(unsigned samples) {
  return {.samples = samples, .concurrency = 64, .gap = 0ms, .spread = 0ms};
}

}  // namespace

TEST_CASE("a host is dialled once a second, the next not before the last has ended") {
  CHECK(run(polite(3), {1}, 20ms) == Log{"0 0 0 0", "1000 0 0 1", "2000 0 0 2"});
  CHECK(run(polite(3), {1}, 1500ms) == Log{"0 0 0 0", "1500 0 0 1", "3000 0 0 2"});
}

TEST_CASE("hosts begin a moment apart and keep their distance") {
  CHECK(run(polite(2), {1, 1}, 20ms) == Log{"0 0 0 0", "1 1 0 0", "1000 0 0 1", "1001 1 0 1"});
}

TEST_CASE("modes take turns, each round one place further") {
  CHECK(run(polite(3), {3}, 20ms) == Log{"0 0 0 0",
                                         "1000 0 1 0",
                                         "2000 0 2 0",
                                         "3000 0 1 1",
                                         "4000 0 2 1",
                                         "5000 0 0 1",
                                         "6000 0 2 2",
                                         "7000 0 0 2",
                                         "8000 0 1 2"});
}

TEST_CASE("rounds of warm-up come first and are told") {
  ScheduleOptions options = polite(1);
  options.warmup = 1;
  CHECK(run(options, {1}, 20ms) == Log{"0 0 0 0 warm", "1000 0 0 0"});
}

TEST_CASE("no more dials at once than allowed; who waits comes first when a place is free") {
  ScheduleOptions options = polite(1);
  options.concurrency = 2;
  CHECK(run(options, {1, 1, 1}, 100ms) == Log{"0 0 0 0", "1 1 0 0", "100 2 0 0"});
}

TEST_CASE("a flood does not wait") {
  ScheduleOptions options = flood(4);
  options.concurrency = 2;
  CHECK(run(options, {1}, 5ms) == Log{"0 0 0 0", "0 0 0 1", "5 0 0 2", "5 0 0 3"});
}

TEST_CASE("an open loop begins by the clock, whatever became of the dials before") {
  ScheduleOptions options = flood(4);
  options.rate = 10;
  CHECK(run(options, {1}, 350ms) == Log{"0 0 0 0", "100 0 0 1", "200 0 0 2", "300 0 0 3"});
  CHECK(run(options, {1, 1}, 10ms, 3) == Log{"0 0 0 0", "100 1 0 0", "200 0 0 1"});
}

TEST_CASE("a turn is late by the clock's fault only from when there was a place for it") {
  Schedule schedule({.samples = 2, .concurrency = 1, .gap = 0ms, .spread = 0ms}, {1, 1});
  const auto first = schedule.next(3ms);
  CHECK(first->due == 0ms);
  CHECK_FALSE(schedule.next(4ms));
  schedule.ended(*first, 50ms);
  CHECK(schedule.next(52ms)->due == 50ms);
}

TEST_CASE("two names of one server share its turns") {
  Schedule schedule({.samples = 3, .concurrency = 8, .gap = 1s, .spread = 0ms}, {1, 1, 1});
  std::vector<std::pair<Moment, std::size_t>> starts;
  for (Moment now{}; now < 6s; now += 10ms) {
    while (const auto turn = schedule.next(now)) {
      starts.emplace_back(now, turn->host);
      if (turn->host < 2) schedule.learn(turn->host, 0);
      schedule.ended(*turn, now);
    }
  }
  const auto of = [&starts](auto matches) {
    std::vector<Moment> times;
    for (const auto& [at, host] : starts)
      if (matches(host)) times.push_back(at);
    return times;
  };
  // The first dial of each tells that they are one.
  CHECK(of([](std::size_t host) { return host < 2; }) == std::vector<Moment>{0s, 0s, 1s, 2s, 3s, 4s});
  CHECK(of([](std::size_t host) { return host == 0; }).size() == 3);
  CHECK(of([](std::size_t host) { return host == 2; }) == std::vector<Moment>{0s, 1s, 2s});
}

TEST_CASE("two names of one server are apart by what a server wants, not by what a host gets") {
  Schedule schedule(
      {.samples = 2, .concurrency = 8, .gap = 60s, .server_gap = 2s, .spread = 0ms}, {1, 1});
  schedule.learn(0, 0);
  schedule.learn(1, 0);
  std::vector<std::pair<Moment, std::size_t>> starts;
  for (Moment now{}; now < 80s; now += 100ms) {
    if (now == 61s) schedule.occupy(0, 65s);  // somebody else's dial
    while (const auto turn = schedule.next(now)) {
      starts.emplace_back(now, turn->host);
      schedule.ended(*turn, now);
    }
  }
  CHECK(starts == std::vector<std::pair<Moment, std::size_t>>{{0s, 0}, {2s, 1}, {60s, 0}, {65s, 1}});
  CHECK(schedule.free_from(0) == 67s);
}

TEST_CASE("an open loop means the dials of one server to be apart, too") {
  Schedule schedule({.samples = 2, .concurrency = 8, .rate = 2.0, .gap = 1s}, {1, 1});
  schedule.learn(0, 0);
  schedule.learn(1, 0);
  std::vector<Moment> intended;
  for (Moment now{}; now < 6s; now += 10ms)
    while (const auto turn = schedule.next(now)) {
      intended.push_back(turn->intended);
      schedule.ended(*turn, now);
    }
  CHECK(intended == std::vector<Moment>{0s, 1s, 2s, 3s});
}

TEST_CASE("[coordinated omission] a late turn keeps the time it was meant for") {
  ScheduleOptions options = flood(4);
  options.rate = 10;
  options.concurrency = 1;
  CHECK(run(options, {1}, 250ms) == Log{"0 0 0 0",
                                        "250 0 0 1 meant for 100",
                                        "500 0 0 2 meant for 200",
                                        "750 0 0 3 meant for 300"});
}

TEST_CASE("an open loop does not catch up with one host in a burst") {
  ScheduleOptions options = polite(4);
  options.rate = 1;
  options.concurrency = 1;
  Log told = run(options, {1}, 2500ms);
  CHECK(told == Log{"0 0 0 0",
                    "2500 0 0 1 meant for 1000",
                    "5000 0 0 2 meant for 2000",
                    "7500 0 0 3 meant for 3000"});
  Schedule schedule(options, {1});
  const Turn first = schedule.next(0ms).value();
  schedule.ended(first, 3500ms);  // it hung, and three others are due
  REQUIRE(schedule.next(3500ms)->intended == 1s);
  schedule.ended(first, 3501ms);
  CHECK_FALSE(schedule.next(3501ms));
  CHECK_FALSE(schedule.next(4400ms));
  CHECK(schedule.wake() == 4490ms);
  CHECK(schedule.next(4490ms)->intended == 2s);
}

TEST_CASE("an open loop that runs on time keeps to it, though every timer is a little late") {
  ScheduleOptions options = polite(0);
  options.rate = 1;
  Schedule schedule(options, {1});
  for (int i = 0; i < 500; ++i) {
    const Moment late = schedule.wake().value() + 300us;
    const auto turn = schedule.next(late);
    REQUIRE(turn);
    CHECK(late - turn->intended == 300us);
    schedule.ended(*turn, late + 5ms);
  }
}

TEST_CASE("an open loop is no less polite to a host when others are through") {
  ScheduleOptions options = polite(1);
  options.rate = 2;
  CHECK(run(options, {1, 3}, 1ms) == Log{"0 0 0 0", "500 1 0 0", "1500 1 1 0", "2500 1 2 0"});
}

TEST_CASE("[coordinated omission] what was due within the duration begins after it, for a while") {
  ScheduleOptions options = flood(0);
  options.rate = 10;
  options.concurrency = 1;
  options.duration = 300ms;
  options.grace = 10s;
  CHECK(run(options, {1}, 250ms) ==
        Log{"0 0 0 0", "250 0 0 1 meant for 100", "500 0 0 2 meant for 200"});
  options.grace = 150ms;
  CHECK(run(options, {1}, 250ms) == Log{"0 0 0 0", "250 0 0 1 meant for 100"});
}

TEST_CASE("[coordinated omission] what was due and never began is counted") {
  ScheduleOptions options = flood(0);
  options.rate = 10;
  options.concurrency = 1;
  Schedule endless(options, {1, 1});
  CHECK(endless.overdue(0ms) == 0);
  CHECK(endless.overdue(450ms) == 5);
  CHECK(endless.next(450ms));
  CHECK(endless.overdue(450ms) == 4);
  options.duration = 300ms;
  CHECK(Schedule(options, {1}).overdue(450ms) == 3);
  options.samples = 1;
  CHECK(Schedule(options, {1, 1}).overdue(450ms) == 2);
  options.rate.reset();
  CHECK(Schedule(options, {1}).overdue(450ms) == 0);
}

TEST_CASE("a host that is kept apart from itself owes no more than that allows") {
  ScheduleOptions options = polite(0);
  options.rate = 1;
  Schedule one(options, {1});
  CHECK(one.next(0ms));
  CHECK(one.overdue(1s) == 0);
  CHECK(one.overdue(2500ms) == 2);
}

TEST_CASE("no dial begins after the duration; without a number of samples only it ends the run") {
  ScheduleOptions options = polite(0);
  options.duration = 2500ms;
  CHECK(run(options, {1}, 20ms) == Log{"0 0 0 0", "1000 0 0 1", "2000 0 0 2"});
  CHECK(Schedule(options, {1}).total() == 0);
}

TEST_CASE("the number of all dials is known beforehand") {
  ScheduleOptions options = polite(5);
  options.warmup = 2;
  CHECK(Schedule(options, {3, 1}).total() == 28);
}

TEST_CASE("a host without modes has no turn") {
  CHECK(run(polite(1), {0, 1}, 1ms) == Log{"1 1 0 0"});
}
