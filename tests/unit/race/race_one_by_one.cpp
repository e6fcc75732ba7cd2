// The loop over getaddrinfo(3) that the race is compared with.
#include <doctest/doctest.h>

#include "race/race.hpp"
#include "world.hpp"

using namespace world;

namespace {

gladhand::RaceOptions one_by_one(Moment each) {
  gladhand::RaceOptions options;
  options.one_by_one = each;
  options.timeout = 100s;
  return options;
}

const std::string six = "2001:db8::1";
const std::string six2 = "2001:db8::2";
const std::string four = "192.0.2.1";

}  // namespace

TEST_CASE("one by one: nothing starts before every answer is there") {
  CHECK(run({.answers = {{AAAA, 5ms, {six}}, {A, 400ms, {four}}},
             .peers = {{six, {10ms}}},
             .options = one_by_one(1s)}) ==
        Log{"0 query AAAA", "0 query A", "400 start 2001:db8::1", "410 won 2001:db8::1"});
}

TEST_CASE("one by one: families are not interleaved, a silent address takes its whole time") {
  CHECK(run({.answers = {{AAAA, 5ms, {six, six2}}, {A, 5ms, {four}}},
             .peers = {{four, {3ms}}},
             .options = one_by_one(1s)}) == Log{"0 query AAAA",
                                                "0 query A",
                                                "5 start 2001:db8::1",
                                                "1005 cancel 2001:db8::1",
                                                "1005 start 2001:db8::2",
                                                "2005 cancel 2001:db8::2",
                                                "2005 start 192.0.2.1",
                                                "2008 won 192.0.2.1"});
}

TEST_CASE("one by one: a failure is followed at once, the last address has its time too") {
  CHECK(
      run({.known = {six, four},
           .peers = {{six, {2ms, ECONNREFUSED}}},
           .options = one_by_one(1s)}) ==
      Log{"0 start 2001:db8::1", "2 start 192.0.2.1", "1002 cancel 192.0.2.1", "1002 all failed"});
}

// --- addresses for a proxy: raced for, but one at a time
// ------------------------------------------

namespace {

gladhand::RaceOptions without_overlap() {
  gladhand::RaceOptions options;
  options.overlap = gladhand::AttemptOverlap::none;
  options.timeout = 100s;
  return options;
}

}  // namespace

TEST_CASE("without overlap an attempt has all the time that it needs") {
  CHECK(run({.answers = {{AAAA, 5ms, {six, six2}}, {A, 5ms, {four}}},
             .peers = {{six, {3s, ECONNREFUSED}}, {four, {10ms}}},
             .options = without_overlap()}) == Log{"0 query AAAA",
                                                   "0 query A",
                                                   "5 start 2001:db8::1",
                                                   "3005 start 192.0.2.1",
                                                   "3015 won 192.0.2.1"});
  CHECK(starts({.known = {six, four}, .options = without_overlap()}) ==
        Log{"0 start 2001:db8::1", "100000 timed out"});
}

TEST_CASE("without overlap the preferred family has its Resolution Delay") {
  CHECK(starts({.answers = {{AAAA, 30ms, {six}}, {A, 5ms, {four}}},
                .peers = {{six, refuses}, {four, {10ms}}},
                .options = without_overlap()}) ==
        Log{"30 start 2001:db8::1", "30 start 192.0.2.1", "40 won 192.0.2.1"});
  CHECK(starts({.answers = {{AAAA, never}, {A, 5ms, {four}}},
                .peers = {{four, {10ms}}},
                .options = without_overlap()}) == Log{"55 start 192.0.2.1", "65 won 192.0.2.1"});
}

TEST_CASE("without overlap a late address is tried at once when the others have failed") {
  CHECK(starts({.answers = {{AAAA, 400ms, {six}}, {A, 5ms, {four}}},
                .peers = {{six, {10ms}}, {four, refuses}},
                .options = without_overlap()}) ==
        Log{"55 start 192.0.2.1", "400 start 2001:db8::1", "410 won 2001:db8::1"});
}

TEST_CASE("a race tells how many addresses it has not tried") {
  world::Simulation simulation(
      {.known = {six, four, six2}, .peers = {{six, refuses}}, .options = without_overlap()});
  CHECK(simulation.race().waiting() == 2);
  CHECK(simulation.race().all_answered());
}
