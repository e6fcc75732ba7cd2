// What this process lacks is no fault of an address.
#include <doctest/doctest.h>

#include <algorithm>

#include "race/race.hpp"
#include "world.hpp"

using namespace world;

namespace {

gladhand::RaceOptions options(Moment timeout) {
  gladhand::RaceOptions result = one_attempt_each();
  result.connection_attempt_delay = 100ms;
  result.timeout = timeout;
  return result;
}

const std::string one = "192.0.2.1";
const std::string two = "192.0.2.2";
const std::string three = "192.0.2.3";

}  // namespace

TEST_CASE("a candidate without a descriptor waits until an attempt ends") {
  CHECK(run({.known = {one, two, three},
             .peers = {{one, {500ms, ECONNREFUSED}}, {three, {10ms}}},
             .options = options(30s),
             .descriptors = 2}) == Log{"0 start 192.0.2.1",
                                       "100 start 192.0.2.2",
                                       "200 start 192.0.2.3",
                                       "500 start 192.0.2.3",
                                       "510 cancel 192.0.2.2",
                                       "510 won 192.0.2.3"});
}

TEST_CASE("attempts without an answer make room for it, the oldest first") {
  CHECK(run({.known = {one, two, three},
             .peers = {{three, {10ms}}},
             .options = options(30s),
             .descriptors = 2}) == Log{"0 start 192.0.2.1",
                                       "100 start 192.0.2.2",
                                       "200 start 192.0.2.3",
                                       "2000 cancel 192.0.2.1",
                                       "2000 start 192.0.2.3",
                                       "2010 cancel 192.0.2.2",
                                       "2010 won 192.0.2.3"});
}

TEST_CASE("199 addresses without an answer do not hide the one that has one") {
  Addresses addresses;
  for (int i = 0; i < 200; ++i) addresses.push_back("192.0.2." + std::to_string(i));
  const Log log = run({.known = addresses,
                       .peers = {{addresses.back(), {10ms}}},
                       .options = options(30s),
                       .descriptors = 50});
  CHECK(log.back().ends_with("won 192.0.2.199"));
}

TEST_CASE("where nothing runs there is nothing to wait for") {
  Simulation simulation({.known = {one, two}, .options = options(30s), .descriptors = 0});
  CHECK(simulation.run() == Log{"0 start 192.0.2.1", "0 start 192.0.2.2", "0 all failed"});
  for (const gladhand::AttemptReport& attempt : simulation.finish().attempts)
    CHECK(attempt.cause == std::errc::too_many_files_open);
}

TEST_CASE("one that had no turn when time ran out is told so") {
  Simulation simulation({.known = {one, two}, .options = options(1s), .descriptors = 1});
  CHECK(simulation.run().back() == "1000 timed out");
  CHECK(simulation.finish().attempts[1].state == gladhand::AttemptReport::State::waiting);
  CHECK(simulation.finish().attempts[1].turn == 0);
}
