// Attempts that have won only when the server has said its first words, in simulated time.
#include <doctest/doctest.h>

#include "world.hpp"

using namespace world;

namespace {

const std::string six = "2001:db8::1";
const std::string six2 = "2001:db8::2";
const std::string four = "192.0.2.1";

// Connected at `established`, first words `after` the start.
Peer talks(Moment established, Moment after, int error = 0) {
  return {after, error, established};
}

// A middlebox: it accepts, and says nothing.
Peer accepts(Moment established) {
  return {never, 0, established};
}

World with_backups(World world) {
  world.options.backup_attempt = true;
  world.options.timeout = 2s;
  return world;
}

}  // namespace

TEST_CASE("[HEv3 §6.1] the next attempt's timer is extended after the transport's handshake") {
  CHECK(run({.known = {six, four}, .peers = {{six, talks(200ms, 440ms)}}}) ==
        Log{"0 start 2001:db8::1", "440 won 2001:db8::1"});
  CHECK(starts({.known = {six, four}, .peers = {{six, talks(200ms, 460ms)}}}) ==
        Log{"0 start 2001:db8::1", "450 start 192.0.2.1", "460 won 2001:db8::1"});
}

TEST_CASE("what accepts and says nothing delays the race once") {
  CHECK(
      starts({.known = {six, four}, .peers = {{six, accepts(10ms)}, {four, talks(10ms, 20ms)}}}) ==
      Log{"0 start 2001:db8::1", "260 start 192.0.2.1", "280 won 192.0.2.1"});
}

TEST_CASE("[HEv3 §6.1] the wait for a backup attempt is extended, too") {
  CHECK(starts(with_backups({.known = {six, four}, .peers = {{six, accepts(400ms)}}})) ==
        Log{"0 start 2001:db8::1",
            "250 start 192.0.2.1",
            "650 start 192.0.2.1 again",
            "2000 timed out"});
}

TEST_CASE("what is told twice of an attempt extends nothing twice") {
  gladhand::Race race({});
  race.step(gladhand::DialStarted{{}, candidates({six, four})}, 0ms);
  CHECK_FALSE(race.step(gladhand::Established{0}, 100ms).empty());
  CHECK(race.step(gladhand::Established{0}, 200ms).empty());
}

TEST_CASE("connected is not won: another that has said its words is") {
  CHECK(run({.known = {six, four},
             .peers = {{six, talks(260ms, 900ms)}, {four, talks(20ms, 40ms)}}}) ==
        Log{"0 start 2001:db8::1",
            "250 start 192.0.2.1",
            "290 cancel 2001:db8::1",
            "290 won 192.0.2.1"});
}

TEST_CASE("one that is turned away has its successor at once") {
  CHECK(run({.known = {six, four},
             .peers = {{six, talks(10ms, 30ms, ECONNRESET)}, {four, talks(10ms, 20ms)}}}) ==
        Log{"0 start 2001:db8::1", "30 start 192.0.2.1", "50 won 192.0.2.1"});
}

TEST_CASE("who is connected needs no backup; who is not, has one") {
  CHECK(starts(with_backups({.known = {four}, .peers = {{four, accepts(10ms)}}})) ==
        Log{"0 start 192.0.2.1", "2000 timed out"});
  CHECK(starts(with_backups({.known = {six, four}, .peers = {{six, accepts(10ms)}}})) ==
        Log{"0 start 2001:db8::1",
            "260 start 192.0.2.1",
            "510 start 192.0.2.1 again",
            "2000 timed out"});
}

TEST_CASE("what is told of an attempt that has been given up changes nothing") {
  gladhand::Race race({});
  race.step(gladhand::DialStarted{{}, candidates({six, four})}, 0ms);
  race.step(gladhand::AttemptFailed{0, {ECONNREFUSED, std::system_category()}}, 5ms);
  CHECK(race.step(gladhand::Established{0}, 6ms).empty());
  race.step(gladhand::Connected{1}, 7ms);
  CHECK(race.finished());
  CHECK(race.step(gladhand::Established{1}, 8ms).empty());
}

TEST_CASE("the report says who was connected") {
  Simulation simulation({.known = {six, four}, .peers = {{six, accepts(10ms)}}});
  simulation.run();
  CHECK(simulation.finish().attempts[0].established);
  CHECK_FALSE(simulation.finish().attempts[1].established);
}
