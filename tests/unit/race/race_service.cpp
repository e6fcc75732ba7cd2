// The race with service records: hosts in their order, each with its own addresses.
#include <doctest/doctest.h>

#include "world.hpp"

using namespace world;

namespace {

const std::string six = "2001:db8::1";
const std::string six2 = "2001:db8::2";
const std::string four = "192.0.2.1";
const std::string four2 = "192.0.2.2";

Host host(Moment at, const Addresses& aaaa, const Addresses& a) {
  return {{{AAAA, at, aaaa}, {A, at, a}}};
}

}  // namespace

TEST_CASE("[RFC 2782] the name itself is asked for only where it has no records") {
  World world{.answers = {{AAAA, 10ms, {six}}, {A, 10ms, {four}}}, .peers = {{six, {5ms}}}};
  world.service = Service{20ms};
  CHECK(run(world) == Log{"0 query SRV",
                          "20 query AAAA",
                          "20 query A",
                          "30 start 2001:db8::1",
                          "35 won 2001:db8::1"});
}

TEST_CASE("known addresses of the name itself wait for the records, too") {
  World world{.known = {four}, .peers = {{four, {5ms}}}};
  world.service = Service{20ms};
  CHECK(run(world) == Log{"0 query SRV", "20 start 192.0.2.1", "25 won 192.0.2.1"});
}

TEST_CASE("[RFC 2782] a service that nobody offers: the name itself is not asked for") {
  World world{.answers = {{A, 10ms, {four}}}, .known = {six}};
  world.service = Service{.at = 20ms, .unavailable = true};
  CHECK(run(world) == Log{"0 query SRV", "20 no address"});
}

TEST_CASE("a question for records that nobody answers ends with the dial") {
  World world{.answers = {{A, 10ms, {four}}}};
  world.service = Service{never};
  Simulation simulation(world);
  CHECK(simulation.run() == Log{"0 query SRV", "30000 timed out"});
  CHECK(simulation.finish().open_service_question == gladhand::RecordType::srv);
}

TEST_CASE("all hosts are asked about at once, and tried in their order") {
  World world;
  world.service = Service{10ms, {host(20ms, {six}, {four}), host(20ms, {six2}, {four2})}};
  world.peers = {{four2, {5ms}}};
  CHECK(run(world) == Log{"0 query SRV",
                          "10 query AAAA 0",
                          "10 query A 0",
                          "10 query AAAA 1",
                          "10 query A 1",
                          "30 start 2001:db8::1",
                          "280 start 192.0.2.1",
                          "530 start 2001:db8::2",
                          "780 start 192.0.2.2",
                          "785 cancel 2001:db8::1",
                          "785 cancel 192.0.2.1",
                          "785 cancel 2001:db8::2",
                          "785 won 192.0.2.2"});
}

TEST_CASE("[HEv3 §5.2] a family does not lead over a host's order") {
  World world;
  world.service = Service{0ms, {host(20ms, {}, {four}), host(20ms, {six}, {})}};
  world.peers = {{four, refuses}, {six, {5ms}}};
  CHECK(starts(world) == Log{"20 start 192.0.2.1", "20 start 2001:db8::1", "25 won 2001:db8::1"});
}

TEST_CASE("[HEv3 §4.2] a better host's answer is waited for during the Resolution Delay") {
  World world;
  world.peers = {{four, {5ms}}, {six2, {5ms}}};
  world.service = Service{0ms, {host(60ms, {}, {four}), host(20ms, {six2}, {})}};
  CHECK(starts(world) == Log{"60 start 192.0.2.1", "65 won 192.0.2.1"});
  world.service = Service{0ms, {host(90ms, {}, {four}), host(20ms, {six2}, {})}};
  CHECK(starts(world) == Log{"70 start 2001:db8::2", "75 won 2001:db8::2"});
}

TEST_CASE("a better host's late answer is tried next") {
  World world;
  world.peers = {{four, {5ms}}};
  world.service = Service{0ms, {host(200ms, {}, {four}), host(20ms, {six2}, {four2})}};
  CHECK(starts(world) == Log{"70 start 2001:db8::2", "320 start 192.0.2.1", "325 won 192.0.2.1"});
}

TEST_CASE("hosts without addresses lead to nothing, and not to the name itself") {
  World world{.answers = {{A, 10ms, {four}}}};
  world.service = Service{0ms, {host(10ms, {}, {}), host(20ms, {}, {})}};
  CHECK(starts(world) == Log{"20 no address"});
}

TEST_CASE("an address of two hosts is tried once, in the better one's place") {
  World world;
  world.service = Service{0ms, {host(30ms, {}, {four}), host(20ms, {}, {four2, four})}};
  world.peers = {{four, refuses}, {four2, refuses}};
  CHECK(starts(world) == Log{"30 start 192.0.2.1", "30 start 192.0.2.2", "30 all failed"});
}

TEST_CASE("a host's known addresses need no question") {
  World world;
  world.service = Service{10ms, {Host{{}, {four}}, host(20ms, {six}, {})}};
  world.peers = {{four, refuses}, {six, {5ms}}};
  CHECK(starts(world) == Log{"10 start 192.0.2.1", "30 start 2001:db8::1", "35 won 2001:db8::1"});
}

TEST_SUITE("SVCB") {
  Service svcb(Moment at, const std::vector<Host>& hosts) {
    return {.at = at, .hosts = hosts, .type = gladhand::RecordType::svcb};
  }

  TEST_CASE("[HEv3 §4.1] it is asked for before AAAA and A, and the name itself beside it") {
    World world{.answers = {{AAAA, 10ms, {six}}, {A, 10ms, {four}}}, .peers = {{six, {5ms}}}};
    world.service = svcb(20ms, {});
    CHECK(run(world) == Log{"0 query SVCB",
                            "0 query AAAA",
                            "0 query A",
                            "20 start 2001:db8::1",
                            "25 won 2001:db8::1"});
  }

  TEST_CASE("[HEv3 §4.2] it is waited for during the Resolution Delay") {
    World world{.answers = {{AAAA, 10ms, {six}}, {A, 10ms}}, .peers = {{six, {5ms}}}};
    world.service = svcb(never, {});
    CHECK(starts(world) == Log{"60 start 2001:db8::1", "65 won 2001:db8::1"});
  }

  TEST_CASE("[HEv3 §5.2] addresses that belong to no record are the last") {
    World world{.answers = {{AAAA, 10ms, {six}}, {A, 10ms, {four}}}};
    world.service = svcb(10ms, {host(20ms, {}, {four2}), host(20ms, {six2}, {})});
    world.peers = {{four2, refuses}, {six2, refuses}, {six, refuses}, {four, {5ms}}};
    CHECK(starts(world) == Log{"30 start 192.0.2.2",
                               "30 start 2001:db8::2",
                               "30 start 2001:db8::1",
                               "30 start 192.0.2.1",
                               "35 won 192.0.2.1"});
  }

  TEST_CASE("[HEv3 §4.2.1] a hint counts as an address until the answer comes") {
    World world;
    world.service = svcb(10ms, {Host{{{AAAA, 100ms, {six2}}, {A, never}}, {}, {six}}});
    world.peers = {{six2, {5ms}}};
    CHECK(starts(world) ==
          Log{"10 start 2001:db8::1", "260 start 2001:db8::2", "265 won 2001:db8::2"});
  }

  TEST_CASE("[HEv3 §7] a hint that the answer does not have is not tried") {
    World world;
    world.service = svcb(10ms, {Host{{{AAAA, 20ms}, {A, 30ms, {four2}}}, {}, {four}}});
    world.peers = {{four2, {5ms}}, {four, {5ms}}};
    world.options.resolution_delay = 100ms;
    world.service->hosts[0].answers = {{AAAA, 40ms}, {A, 30ms, {four2}}};
    CHECK(starts(world) == Log{"50 start 192.0.2.2", "55 won 192.0.2.2"});
    world.service->hosts[0].answers = {{AAAA, 40ms}, {A, 30ms, {}}};
    CHECK(starts(world) == Log{"50 no address"});
    world.service->hosts[0].answers = {{AAAA, 300ms}, {A, 30ms, {}}};
    CHECK(starts(world) == Log{"310 no address"});
  }

  TEST_CASE("an address that was but a hint is tried where another answer has it") {
    World world{.answers = {{AAAA, never}, {A, 80ms, {four}}}};
    world.service = svcb(10ms, {Host{{{AAAA, never}, {A, 30ms}}, {}, {four}}});
    world.peers = {{four, {5ms}}};
    CHECK(starts(world) == Log{"130 start 192.0.2.1", "135 won 192.0.2.1"});
  }

  TEST_CASE("a hint that the answer has is an address like others") {
    World world;
    world.service = svcb(10ms, {Host{{{AAAA, 40ms}, {A, 30ms, {four}}}, {}, {four}}});
    world.peers = {{four, {5ms}}};
    world.options.resolution_delay = 100ms;
    Simulation simulation(world);
    CHECK(simulation.run().back() == "55 won 192.0.2.1");
    for (const auto& [at, action] : simulation.actions())
      CHECK_FALSE(std::holds_alternative<gladhand::DuplicateRemoved>(action));
  }

  TEST_CASE("a better record takes an address of the name itself along") {
    World world{.answers = {{AAAA, 10ms, {six, six2}}, {A, 10ms}}};
    world.service = svcb(20ms, {Host{{}, {six2}}});
    world.peers = {{six, {5ms}}, {six2, {5ms}}};
    CHECK(starts(world) == Log{"20 start 2001:db8::2", "25 won 2001:db8::2"});
  }
}

TEST_CASE("[HEv3 §8.2] what a NAT64 reaches is no address of IPv6") {
  gladhand::Race race(one_attempt_each());
  race.step(gladhand::DialStarted{{AAAA, A}, {}}, 0ms);
  gladhand::AnswerReceived translated = answer(A, {"64:ff9b::808:808"});
  translated.candidates.front().stands_for = in_addr{htonl(0x08080808)};
  race.step(translated, 10ms);
  CHECK(race.deadline() == 60ms);  // AAAA is waited for all the same
}
