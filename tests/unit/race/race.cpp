// The race in simulated time, named by the sentence it proves: resolution, order, attempts, ends.
#include "race/race.hpp"

#include <doctest/doctest.h>

#include <map>

#include "world.hpp"

using namespace world;

namespace {

const std::string six = "2001:db8::1";
const std::string six2 = "2001:db8::2";
const std::string six3 = "2001:db8::3";
const std::string four = "192.0.2.1";
const std::string four2 = "192.0.2.2";

gladhand::RaceOptions with_delay(Moment delay) {
  gladhand::RaceOptions options = one_attempt_each();
  options.connection_attempt_delay = delay;
  options.timeout = 100s;
  return options;
}

World prefers_ipv4(World world) {
  world.policy = gladhand::PolicyTable::from_gai_conf("precedence ::ffff:0:0/96 100\n");
  return world;
}

}  // namespace

TEST_SUITE("questions") {
  TEST_CASE("[HEv3 §4.1] AAAA is asked before A, one right after the other") {
    const Log log = run({.answers = {{A, never}, {AAAA, never}}});
    CHECK(log[0] == "0 query AAAA");
    CHECK(log[1] == "0 query A");
  }

  TEST_CASE("[HEv3 §4.1] a family without connectivity is not asked and not waited for") {
    CHECK(run({.answers = {{A, 30ms, {four}}}, .peers = {{four, {5ms}}}}) ==
          Log{"0 query A", "30 start 192.0.2.1", "35 won 192.0.2.1"});
    CHECK(run({.answers = {{AAAA, 30ms, {six}}}, .peers = {{six, {5ms}}}}) ==
          Log{"0 query AAAA", "30 start 2001:db8::1", "35 won 2001:db8::1"});
  }

  TEST_CASE("a literal is attempted at once, nobody is asked") {
    CHECK(run({.known = {six}, .peers = {{six, {7ms}}}}) ==
          Log{"0 start 2001:db8::1", "7 won 2001:db8::1"});
  }

  TEST_CASE("without any address and any question the dial ends at once") {
    CHECK(run({}) == Log{"0 no address"});
  }
}

TEST_SUITE("resolution") {
  struct Case {
    const char* name;
    std::vector<Answer> answers;
    Log expected;
  };

  TEST_CASE("[HEv3 §4.2] when the first attempt starts") {
    const Case cases[] = {
        {"AAAA@30, A@32: IPv6 at 30",
         {{AAAA, 30ms, {six}}, {A, 32ms, {four}}},
         {"30 start 2001:db8::1", "280 start 192.0.2.1", "281 won 192.0.2.1"}},
        {"A@30, AAAA@40, inside the Resolution Delay: IPv6 at 40",
         {{AAAA, 40ms, {six}}, {A, 30ms, {four}}},
         {"40 start 2001:db8::1", "290 start 192.0.2.1", "291 won 192.0.2.1"}},
        {"A@30, AAAA never: IPv4 at 80, the delay counted from the first answer",
         {{AAAA, never}, {A, 30ms, {four}}},
         {"80 start 192.0.2.1", "81 won 192.0.2.1"}},
        {"A@30, AAAA without address@40: IPv4 at 40",
         {{AAAA, 40ms}, {A, 30ms, {four}}},
         {"40 start 192.0.2.1", "41 won 192.0.2.1"}},
        {"AAAA without address@10, A@30: IPv4 at 30, no delay",
         {{AAAA, 10ms}, {A, 30ms, {four}}},
         {"30 start 192.0.2.1", "31 won 192.0.2.1"}},
        {"AAAA NXDOMAIN@10, A@30: as any negative answer",
         {{AAAA, 10ms, {}, AnswerStatus::no_such_name}, {A, 30ms, {four}}},
         {"30 start 192.0.2.1", "31 won 192.0.2.1"}},
        {"AAAA SERVFAIL@10, A@30: one family's failure is not the name's",
         {{AAAA, 10ms, {}, AnswerStatus::server_failure}, {A, 30ms, {four}}},
         {"30 start 192.0.2.1", "31 won 192.0.2.1"}},
        {"AAAA@30 exactly at the end of the Resolution Delay: one decision, IPv6 first",
         {{AAAA, 80ms, {six}}, {A, 30ms, {four}}},
         {"80 start 2001:db8::1", "330 start 192.0.2.1", "331 won 192.0.2.1"}},
        {"A 2 s late: IPv6 does not wait for it",
         {{AAAA, 0ms, {six}}, {A, 2000ms, {four}}},
         {"0 start 2001:db8::1", "2000 start 192.0.2.1", "2001 won 192.0.2.1"}},
        {"both without address: the end at the second answer",
         {{AAAA, 20ms}, {A, 30ms}},
         {"30 no address"}},
    };
    for (const Case& it : cases) {
      CAPTURE(it.name);
      CHECK(starts({.answers = it.answers, .peers = {{four, {1ms}}}}) == it.expected);
    }
  }

  TEST_CASE("[HEv3 §4.2] a negative A starts no Resolution Delay: IPv6 as it comes") {
    Simulation simulation({.answers = {{AAAA, 200ms, {six}}, {A, 10ms}}, .peers = {{six, {1ms}}}});
    CHECK(simulation.run() ==
          Log{"0 query AAAA", "0 query A", "200 start 2001:db8::1", "201 won 2001:db8::1"});
    for (const auto& [at, action] : simulation.actions())
      CHECK_FALSE(std::holds_alternative<gladhand::TimerSet>(action));
  }

  TEST_CASE("[HEv3 §4.3] A@30, AAAA@180: IPv4 at 80, IPv6 joins and is next") {
    CHECK(starts({.answers = {{AAAA, 180ms, {six}}, {A, 30ms, {four, four2}}},
                  .peers = {{six, {1ms}}}}) ==
          Log{"80 start 192.0.2.1", "330 start 2001:db8::1", "331 won 2001:db8::1"});
  }

  TEST_CASE("[HEv3 §4.3] a late IPv6 address starts at once when IPv4 has failed meanwhile") {
    CHECK(starts({.answers = {{AAAA, 180ms, {six}}, {A, 30ms, {four}}},
                  .peers = {{six, {1ms}}, {four, {20ms, ECONNREFUSED}}}}) ==
          Log{"80 start 192.0.2.1", "180 start 2001:db8::1", "181 won 2001:db8::1"});
  }

  TEST_CASE("an attempt that fails before the other family is known is not the end") {
    CHECK(starts({.answers = {{AAAA, 10ms, {six}}, {A, 500ms, {four}}},
                  .peers = {{six, refuses}, {four, {1ms}}}}) ==
          Log{"10 start 2001:db8::1", "500 start 192.0.2.1", "501 won 192.0.2.1"});
    CHECK(starts({.answers = {{AAAA, 10ms, {six}}, {A, 500ms}}, .peers = {{six, refuses}}}) ==
          Log{"10 start 2001:db8::1", "500 all failed"});
  }

  TEST_CASE("a Resolution Delay of 0 starts IPv4 with its answer") {
    World world{.answers = {{AAAA, never}, {A, 30ms, {four}}}, .peers = {{four, {1ms}}}};
    world.options.resolution_delay = 0ms;
    CHECK(starts(world) == Log{"30 start 192.0.2.1", "31 won 192.0.2.1"});
  }

  TEST_CASE("[gai.conf] where IPv4 is preferred it is AAAA that waits for A") {
    CHECK(starts(prefers_ipv4(
              {.answers = {{AAAA, 10ms, {six}}, {A, 30ms, {four}}}, .peers = {{four, {1ms}}}})) ==
          Log{"30 start 192.0.2.1", "31 won 192.0.2.1"});
    CHECK(starts(prefers_ipv4(
              {.answers = {{AAAA, 30ms, {six}}, {A, 10ms, {four}}}, .peers = {{four, {1ms}}}})) ==
          Log{"10 start 192.0.2.1", "11 won 192.0.2.1"});
    CHECK(starts(prefers_ipv4(
              {.answers = {{AAAA, 10ms, {six}}, {A, never}}, .peers = {{six, {1ms}}}})) ==
          Log{"60 start 2001:db8::1", "61 won 2001:db8::1"});
  }

  TEST_CASE("each question's status is kept for the end") {
    Simulation simulation({.answers = {{AAAA, 1ms, {}, AnswerStatus::server_failure},
                                       {A, 2ms, {}, AnswerStatus::no_such_name}}});
    simulation.run();
    REQUIRE(simulation.finish().questions.size() == 2);
    CHECK(simulation.finish().questions[0].status == AnswerStatus::server_failure);
    CHECK(simulation.finish().questions[1].status == AnswerStatus::no_such_name);
  }
}

TEST_SUITE("order") {
  TEST_CASE("[HEv3 §5.3] families alternate over the whole list") {
    World world{.answers = {{AAAA, 0ms, {six, six2, six3}}, {A, 0ms, {four, four2}}}};
    world.options = with_delay(100ms);
    world.options.timeout = 1s;
    CHECK(starts(world) == Log{"0 start 2001:db8::1",
                               "100 start 192.0.2.1",
                               "200 start 2001:db8::2",
                               "300 start 192.0.2.2",
                               "400 start 2001:db8::3",
                               "1000 timed out"});
    world.options.preferred_family_count = 2;
    CHECK(starts(world) == Log{"0 start 2001:db8::1",
                               "100 start 2001:db8::2",
                               "200 start 192.0.2.1",
                               "300 start 2001:db8::3",
                               "400 start 192.0.2.2",
                               "1000 timed out"});
  }

  TEST_CASE("a duplicate is attempted once, whichever answer brings it") {
    World world{.answers = {{AAAA, 0ms, {six, six}}}, .peers = {{six, refuses}}};
    CHECK(starts(world) == Log{"0 start 2001:db8::1", "0 all failed"});
  }

  TEST_CASE("[RFC 6724 §6 rule 1] a destination without a route is last and costs no time") {
    gladhand::Race race(one_attempt_each());
    std::vector<gladhand::Candidate> known = candidates({six, four});
    known[0].source.reset();
    std::string order;
    for (const auto& action : race.step(gladhand::DialStarted{{}, known}, 0ms))
      if (const auto* start = std::get_if<gladhand::StartAttempt>(&action))
        order += to_string(start->endpoint);
    CHECK(order == four);
  }

  TEST_CASE("[HEv3 §7] a late address takes its place in the complete list") {
    World world{.answers = {{AAAA, 0ms, {six, six2, six3}}, {A, 150ms, {four}}}};
    world.options = with_delay(100ms);
    world.options.timeout = 1s;
    CHECK(starts(world) == Log{"0 start 2001:db8::1",
                               "100 start 2001:db8::2",
                               "200 start 192.0.2.1",
                               "300 start 2001:db8::3",
                               "1000 timed out"});
  }

  TEST_CASE("1000 copies of an address that refuses end at once") {
    World world{.known = Addresses(1000, six), .peers = {{six, refuses}}};
    CHECK(run(world) == Log{"0 start 2001:db8::1", "0 all failed"});
  }
}

TEST_SUITE("attempts") {
  // Addresses sort IPv6 first and alternate: six, four, six2, four2 is the order of attempts.
  World four_peers(Peer a, Peer b, Peer c, Peer d, Moment delay = 250ms) {
    return {.known = {six, six2, four, four2},
            .peers = {{six, a}, {four, b}, {six2, c}, {four2, d}},
            .options = with_delay(delay)};
  }
  constexpr Peer silent{never};

  TEST_CASE("a single slow address simply waits") {
    World world{.known = {six}, .peers = {{six, {90s}}}, .options = with_delay(250ms)};
    CHECK(run(world) == Log{"0 start 2001:db8::1", "90000 won 2001:db8::1"});
  }

  TEST_CASE("[HEv3 §6] the next attempt starts after the Connection Attempt Delay") {
    CHECK(starts(four_peers({1s}, {1s}, {200ms}, silent)) == Log{"0 start 2001:db8::1",
                                                                 "250 start 192.0.2.1",
                                                                 "500 start 2001:db8::2",
                                                                 "700 won 2001:db8::2"});
    CHECK(starts(four_peers({1s}, {1s}, {100ms}, silent, 450ms)) == Log{"0 start 2001:db8::1",
                                                                        "450 start 192.0.2.1",
                                                                        "900 start 2001:db8::2",
                                                                        "1000 won 2001:db8::1"});
  }

  TEST_CASE("[HEv3 §6] nothing starts after a win") {
    CHECK(run(four_peers({1s}, {100ms}, silent, silent)) == Log{"0 start 2001:db8::1",
                                                                "250 start 192.0.2.1",
                                                                "350 cancel 2001:db8::1",
                                                                "350 won 192.0.2.1"});
  }

  TEST_CASE("a failure starts the next attempt at once and the delay anew") {
    CHECK(starts(four_peers({100ms, ECONNREFUSED}, {200ms, ECONNREFUSED}, silent, {250ms})) ==
          Log{"0 start 2001:db8::1",
              "100 start 192.0.2.1",
              "300 start 2001:db8::2",
              "550 start 192.0.2.2",
              "800 won 192.0.2.2"});
  }

  TEST_CASE("a failure starts the next at once also while another attempt is running") {
    CHECK(starts(four_peers({300ms, ECONNREFUSED}, silent, {10ms}, silent)) ==
          Log{"0 start 2001:db8::1",
              "250 start 192.0.2.1",
              "300 start 2001:db8::2",
              "310 won 2001:db8::2"});
  }

  TEST_CASE("synchronous failures cost no time at all") {
    CHECK(starts(four_peers(refuses, refuses, refuses, refuses, 2s)) == Log{"0 start 2001:db8::1",
                                                                            "0 start 192.0.2.1",
                                                                            "0 start 2001:db8::2",
                                                                            "0 start 192.0.2.2",
                                                                            "0 all failed"});
  }

  TEST_CASE("[HEv3 §6] an attempt is not ended because the next one starts") {
    CHECK(starts(four_peers({300ms}, silent, silent, silent)) ==
          Log{"0 start 2001:db8::1", "250 start 192.0.2.1", "300 won 2001:db8::1"});
  }

  TEST_CASE("[HEv3 §9] the Connection Attempt Delay is held to 10 ms and 2 s") {
    CHECK(starts(four_peers(silent, {1ms}, silent, silent, 1ms))[1] == "10 start 192.0.2.1");
    CHECK(starts(four_peers(silent, {1ms}, silent, silent, 60s))[1] == "2000 start 192.0.2.1");
  }

  TEST_CASE("[HEv3 §6] after the last address no timer is set") {
    Simulation simulation({.known = {six, four}, .peers = {{four, {1s}}}});
    simulation.run();
    int timers = 0;
    for (const auto& [at, action] : simulation.actions())
      timers += std::holds_alternative<gladhand::TimerSet>(action) ? 1 : 0;
    CHECK(timers == 1);
  }

  TEST_CASE("with the list used up and an answer pending, its address waits for the delay only") {
    CHECK(starts({.answers = {{AAAA, 0ms, {six}}, {A, 100ms, {four}}}, .peers = {{four, {1ms}}}}) ==
          Log{"0 start 2001:db8::1", "250 start 192.0.2.1", "251 won 192.0.2.1"});
    CHECK(starts({.answers = {{AAAA, 0ms, {six}}, {A, 400ms, {four}}}, .peers = {{four, {1ms}}}}) ==
          Log{"0 start 2001:db8::1", "400 start 192.0.2.1", "401 won 192.0.2.1"});
  }
}

TEST_SUITE("ends") {
  TEST_CASE("two that connect in the same turn: one winner, the other given up once") {
    gladhand::Race race(one_attempt_each());
    race.step(gladhand::DialStarted{{}, candidates({six, four})}, 0ms);
    race.step(gladhand::TimePassed{}, 250ms);
    const auto first = race.step(gladhand::Connected{1}, 260ms);
    REQUIRE(first.size() == 2);
    CHECK(std::get<gladhand::CancelAttempt>(first[0]).attempt == 0);
    CHECK(std::get<gladhand::Finish>(first[1]).winner == 1);
    const auto second = race.step(gladhand::Connected{0}, 260ms);
    REQUIRE(second.size() == 1);
    CHECK(std::get<gladhand::CancelAttempt>(second[0]).attempt == 0);
  }

  TEST_CASE("what comes after the end changes nothing") {
    gladhand::Race race(one_attempt_each());
    race.step(gladhand::DialStarted{{Family::ipv4}, candidates({six})}, 0ms);
    race.step(gladhand::Connected{0}, 5ms);
    CHECK(race.finished());
    CHECK_FALSE(race.deadline());
    CHECK(race.step(answer(A, {four}), 6ms).empty());
    CHECK(race.step(gladhand::AttemptFailed{0, {}}, 7ms).empty());
    CHECK(race.step(gladhand::TimePassed{}, 8ms).empty());
  }

  TEST_CASE("every losing attempt is given up exactly once, before the end is told") {
    World world{.known = {six, six2, four}, .peers = {{six, {600ms}}}};
    CHECK(run(world) == Log{"0 start 2001:db8::1",
                            "250 start 192.0.2.1",
                            "500 start 2001:db8::2",
                            "600 cancel 2001:db8::2",
                            "600 cancel 192.0.2.1",
                            "600 won 2001:db8::1"});
  }

  TEST_CASE("the overall deadline ends black holes, and only it does") {
    World world{.known = {six, six2, four}};
    world.options.connection_attempt_delay = 123ms;
    world.options.timeout = 1s;
    CHECK(starts(world) == Log{"0 start 2001:db8::1",
                               "123 start 192.0.2.1",
                               "246 start 2001:db8::2",
                               "1000 timed out"});
  }

  TEST_CASE("a name with thousands of addresses gets 256 attempts, of both families, no more") {
    World world{.answers = {{AAAA, 0ms}, {A, 0ms}}};
    for (int i = 0; i < 2000; ++i) {
      world.answers[0].addresses.push_back("2001:db8::" + std::to_string(i + 1));
      world.answers[1].addresses.push_back("10.0." + std::to_string(i / 250) + '.' +
                                           std::to_string(i % 250));
      for (const Answer& it : world.answers) world.peers[it.addresses.back()] = {0ms, ECONNREFUSED};
    }
    Simulation simulation(world);
    CHECK(simulation.run().back() == "0 all failed");
    std::map<Family, int> tried;
    for (const auto& attempt : simulation.finish().attempts)
      if (attempt.turn > 0) ++tried[*attempt.endpoint.family()];
    CHECK(tried == std::map<Family, int>{{AAAA, 128}, {A, 128}});
  }

  TEST_CASE("after the last attempt that may start, the race ends with it") {
    World world{.known = {six, four, six2}, .peers = {{six, {1ms, ECONNREFUSED}}, {four, {9ms}}}};
    world.options.most_attempts = 2;
    CHECK(run(world) == Log{"0 start 2001:db8::1", "1 start 192.0.2.1", "10 won 192.0.2.1"});
    world.peers[four].error = ECONNREFUSED;
    CHECK(run(world) == Log{"0 start 2001:db8::1", "1 start 192.0.2.1", "10 all failed"});
    world.known = {six, six2};
    world.answers = {{A, never}};
    world.peers[six2] = {1ms, ECONNREFUSED};
    CHECK(run(world) ==
          Log{"0 query A", "0 start 2001:db8::1", "1 start 2001:db8::2", "2 all failed"});
  }

  TEST_CASE("the overall deadline ends a silent name server") {
    World world{.answers = {{AAAA, never}, {A, never}}};
    world.options.timeout = 2s;
    CHECK(run(world) == Log{"0 query AAAA", "0 query A", "2000 timed out"});
  }

  TEST_CASE("connecting exactly at the deadline is connecting") {
    World world{.known = {six}, .peers = {{six, {1s}}}};
    world.options.timeout = 1s;
    CHECK(run(world) == Log{"0 start 2001:db8::1", "1000 won 2001:db8::1"});
  }

  TEST_CASE("the last failure exactly at the deadline is a failure, not silence") {
    World world{.known = {six}, .peers = {{six, {1s, ECONNREFUSED}}}};
    world.options.timeout = 1s;
    CHECK(run(world) == Log{"0 start 2001:db8::1", "1000 all failed"});
  }

  TEST_CASE("a shorter Resolution Delay than the timeout, a longer one: the timeout bounds both") {
    World world{.answers = {{AAAA, never}, {A, 10ms, {four}}}};
    world.options.resolution_delay = 5s;
    world.options.timeout = 1s;
    CHECK(run(world) == Log{"0 query AAAA", "0 query A", "1000 timed out"});
  }

  TEST_CASE("every cause is kept with its address") {
    Simulation simulation(
        {.known = {six, four}, .peers = {{six, {0ms, ENETUNREACH}}, {four, {5ms, ECONNREFUSED}}}});
    simulation.run();
    const auto& attempts = simulation.finish().attempts;
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].cause.value() == ENETUNREACH);
    CHECK(attempts[1].cause.value() == ECONNREFUSED);
  }
}
