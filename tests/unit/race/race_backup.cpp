// Backup attempts in simulated time: a lost SYN costs the Connection Attempt Delay, not the
// kernel's second.
#include <doctest/doctest.h>

#include "world.hpp"

using namespace world;

namespace {

const std::string six = "2001:db8::1";
const std::string six2 = "2001:db8::2";
const std::string four = "192.0.2.1";
constexpr Peer silent{never};

World backing_up(World world, Moment timeout = 1s) {
  world.options.backup_attempt = true;
  world.options.timeout = timeout;
  return world;
}

std::vector<gladhand::StartAttempt> started(const Simulation& simulation) {
  std::vector<gladhand::StartAttempt> orders;
  for (const auto& [at, action] : simulation.actions())
    if (const auto* order = std::get_if<gladhand::StartAttempt>(&action)) orders.push_back(*order);
  return orders;
}

}  // namespace

TEST_CASE("a lone address that is silent is tried again after the Connection Attempt Delay") {
  Simulation simulation(
      backing_up({.known = {four}, .peers = {{four, silent}}, .second = {{four, {20ms}}}}));
  CHECK(simulation.run() == Log{"0 start 192.0.2.1",
                                "250 start 192.0.2.1 again",
                                "270 cancel 192.0.2.1",
                                "270 won 192.0.2.1 again"});
  const auto orders = started(simulation);
  REQUIRE(orders.size() == 2);
  CHECK_FALSE(orders[0].backup_of);
  CHECK(orders[1].backup_of == 0U);
  CHECK(orders[1].reason == gladhand::StartReason::backup);
  CHECK(simulation.finish().attempts[1].backup_of == 0U);
  CHECK(simulation.finish().attempts[1].turn == 2);
}

TEST_CASE("of equal round trips the earlier attempt wins, and the later is closed unanswered") {
  for (const Moment round_trip : {5ms, 249ms, 251ms, 300ms, 499ms, 501ms, 800ms}) {
    CAPTURE(round_trip.count());
    const Log log = starts(backing_up({.known = {four}, .peers = {{four, {round_trip}}}}));
    CHECK(log.size() == (round_trip < 250ms ? 2 : 3));
    CHECK(log.back() == std::to_string(round_trip / 1ms) + " won 192.0.2.1");
  }
}

TEST_CASE("every candidate comes first, then the best again, then the next best, and no more") {
  CHECK(starts(backing_up({.known = {six, six2, four}}, 2s)) == Log{"0 start 2001:db8::1",
                                                                    "250 start 192.0.2.1",
                                                                    "500 start 2001:db8::2",
                                                                    "750 start 2001:db8::1 again",
                                                                    "1000 start 192.0.2.1 again",
                                                                    "2000 timed out"});
}

TEST_CASE("a lone address is tried again once only") {
  CHECK(starts(backing_up({.known = {four}}, 3s)) ==
        Log{"0 start 192.0.2.1", "250 start 192.0.2.1 again", "3000 timed out"});
}

TEST_CASE("an endpoint that has failed is not tried again") {
  CHECK(starts(backing_up({.known = {six, four}, .peers = {{six, {100ms, ECONNREFUSED}}}})) ==
        Log{"0 start 2001:db8::1",
            "100 start 192.0.2.1",
            "350 start 192.0.2.1 again",
            "1000 timed out"});
}

TEST_CASE("refused or unreachable, either of the two speaks for the endpoint") {
  for (const int error : {ECONNREFUSED, ENETUNREACH, EHOSTUNREACH}) {
    CHECK(run(backing_up({.known = {four}, .peers = {{four, {300ms, error}}}})) ==
          Log{"0 start 192.0.2.1",
              "250 start 192.0.2.1 again",
              "300 cancel 192.0.2.1 again",
              "300 all failed"});
    Simulation simulation(backing_up(
        {.known = {four}, .peers = {{four, silent}}, .second = {{four, {10ms, error}}}}));
    CHECK(simulation.run() == Log{"0 start 192.0.2.1",
                                  "250 start 192.0.2.1 again",
                                  "260 cancel 192.0.2.1",
                                  "260 all failed"});
    CHECK(simulation.finish().attempts[0].cause.value() == error);
  }
}

TEST_CASE("what only the second socket suffers leaves the first alone") {
  for (const int error : {EADDRNOTAVAIL, ETIMEDOUT, EMFILE})
    CHECK(run(backing_up(
              {.known = {four}, .peers = {{four, {600ms}}}, .second = {{four, {0ms, error}}}})) ==
          Log{"0 start 192.0.2.1", "250 start 192.0.2.1 again", "600 won 192.0.2.1"});
}

TEST_CASE("an attempt that connects in the turn in which its twin is refused does not win") {
  gladhand::Race race({});
  race.step(gladhand::DialStarted{{}, candidates({six, four})}, 0ms);
  race.step(gladhand::TimePassed{}, 250ms);
  race.step(gladhand::TimePassed{}, 500ms);
  const std::error_code refused(ECONNREFUSED, std::system_category());
  const auto orders = race.step(gladhand::AttemptFailed{0, refused}, 600ms);
  REQUIRE_FALSE(orders.empty());
  CHECK(std::get<gladhand::CancelAttempt>(orders[0]).attempt == 2);
  CHECK(std::get<gladhand::CancelAttempt>(orders[0]).reason == gladhand::CancelReason::twin_failed);
  CHECK(race.step(gladhand::Connected{2}, 600ms).empty());
  CHECK_FALSE(race.finished());
}

TEST_CASE("nothing is tried again at the deadline or after it") {
  for (const Moment timeout : {100ms, 250ms})
    CHECK(starts(backing_up({.known = {four}}, timeout)) ==
          Log{"0 start 192.0.2.1", std::to_string(timeout / 1ms) + " timed out"});
}

TEST_CASE("an address that arrives late goes before a backup, and does not wait for one") {
  World world = backing_up({.answers = {{AAAA, 0ms, {six}}, {A, 100ms, {four}}}});
  CHECK(starts(world) == Log{"0 start 2001:db8::1",
                             "250 start 192.0.2.1",
                             "500 start 2001:db8::1 again",
                             "750 start 192.0.2.1 again",
                             "1000 timed out"});
  world.answers[1].at = 255ms;  // the politeness of 10 ms between any two
  CHECK(starts(world) == Log{"0 start 2001:db8::1",
                             "250 start 2001:db8::1 again",
                             "260 start 192.0.2.1",
                             "510 start 192.0.2.1 again",
                             "1000 timed out"});
}

TEST_CASE("an unanswered question does not keep a silent address from its second attempt") {
  CHECK(starts(backing_up({.answers = {{AAAA, never}, {A, 10ms, {four}}},
                           .peers = {{four, silent}},
                           .second = {{four, {30ms}}}})) ==
        Log{"60 start 192.0.2.1", "310 start 192.0.2.1 again", "340 won 192.0.2.1 again"});
}

TEST_CASE("a late address is sorted among endpoints, not among attempts") {
  Simulation simulation(backing_up({.answers = {{AAAA, 0ms, {six}}, {A, 400ms, {four}}}}));
  simulation.run();
  for (const auto& [at, action] : simulation.actions())
    if (const auto* sorted = std::get_if<gladhand::CandidatesSorted>(&action))
      CHECK(sorted->places.size() == 2);
}

TEST_CASE("local targets are never tried again") {
  gladhand::Race race({});
  const auto socket = gladhand::Endpoint::unix_socket("/run/ssh");
  REQUIRE(socket);
  race.step(gladhand::DialStarted{{}, {{*socket, {}}}}, 0ms);
  CHECK(race.deadline() == gladhand::RaceOptions{}.timeout);
}

TEST_CASE("a second attempt is one of those that a dial may make") {
  World world = backing_up({.known = {four}});
  world.options.most_attempts = 1;
  CHECK(starts(world) == Log{"0 start 192.0.2.1", "1000 timed out"});
}

TEST_CASE("off, and one by one, there is none") {
  World world = backing_up({.known = {four}});
  world.options.backup_attempt = false;
  CHECK(starts(world) == Log{"0 start 192.0.2.1", "1000 timed out"});
  world.options.backup_attempt = true;
  world.options.one_by_one = 5s;
  CHECK(starts(world) == Log{"0 start 192.0.2.1", "1000 timed out"});
}
