// One question and the name servers it goes to, in simulated time.
#include "names/server_race.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace gladhand::server_race_test {

namespace {

using namespace std::chrono_literals;
using enum AnswerStatus;

std::string in_words(AskReason reason) {
  switch (reason) {
    case AskReason::first: return "first";
    case AskReason::no_answer: return "silence";
    case AskReason::unreachable: return "unreachable";
    case AskReason::server_failure: return "failure";
    case AskReason::bad_answer: return "nonsense";
    case AskReason::truncated: return "cut";
  }
  return "?";
}

// A race that says whom to ask: "1 silence, 0 silence" asks server 1, then 0.
class Servers {
 public:
  explicit Servers(ServerRace::Options options) : race_(options, 0ms) {
    CHECK(text(race_.begin()) == "0 first");
  }
  explicit Servers(std::size_t count) : Servers(ServerRace::Options{.servers = count}) {}

  std::string take(std::size_t server, AnswerStatus said, Moment now) {
    return text(race_.take(server, said, now));
  }
  std::string truncated(std::size_t server, bool partial, Moment now) {
    return text(race_.truncated(server, partial, now));
  }

  /// What is ordered at the next deadline, which must be `now`.
  std::string at(Moment now) {
    CHECK(race_.deadline() == now);
    return text(race_.pass_time(now));
  }

  bool open() const { return !race_.verdict(); }
  AnswerStatus status() const { return race_.verdict().value().status; }
  std::size_t server() const { return race_.verdict().value().server; }
  const ServerRace& race() const { return race_; }

 private:
  static std::string text(const std::vector<ServerRace::Ask>& orders) {
    std::string text;
    for (const ServerRace::Ask& order : orders)
      text +=
          (text.empty() ? "" : ", ") + std::to_string(order.server) + ' ' + in_words(order.reason);
    return text;
  }

  ServerRace race_;
};

}  // namespace

TEST_CASE("who kept silent before has company at once") {
  Servers servers({.servers = 3, .known_delays = {0ms}});
  CHECK(servers.at(0ms) == "1 silence");
  CHECK(servers.at(250ms) == "0 silence, 1 silence, 2 silence");
  CHECK(servers.take(0, addresses, 260ms).empty());
  CHECK(servers.server() == 0);
}

TEST_CASE("who is known to be slow is waited for") {
  Servers servers({.servers = 2, .known_delays = {600ms}});
  CHECK(servers.at(600ms) == "0 silence, 1 silence");
  CHECK(servers.at(850ms) == "1 silence");
}

TEST_CASE("any answer of the only server that was asked is final") {
  for (const AnswerStatus status : {addresses, no_address, no_such_name}) {
    Servers servers(3);
    CHECK(servers.take(0, status, 5ms) == "");
    CHECK(servers.status() == status);
    CHECK(servers.race().deadline() == std::nullopt);
    CHECK(servers.race().asked() == 1);
  }
}

TEST_CASE("silence: after the attempt delay the next is asked too, and the silent one again") {
  Servers servers(3);
  CHECK(servers.at(250ms) == "0 silence, 1 silence");
  CHECK(servers.at(500ms) == "1 silence, 2 silence");
  CHECK(servers.at(750ms) == "0 silence, 2 silence");
  CHECK(servers.at(1000ms) == "1 silence");
  CHECK(servers.at(1250ms) == "2 silence");
  CHECK(servers.at(1750ms) == "0 silence");
  CHECK(servers.at(2000ms) == "1 silence");
  CHECK(servers.at(2250ms) == "2 silence");
  CHECK(servers.at(10s) == "");
  CHECK(servers.status() == no_answer);
  for (const std::size_t i : {0U, 1U, 2U}) CHECK(servers.race().silent(i));
}

TEST_CASE("one server that loses a datagram is asked again") {
  Servers servers(1);
  CHECK(servers.at(250ms) == "0 silence");
  CHECK(servers.take(0, addresses, 251ms) == "");
  CHECK(servers.status() == addresses);
}

TEST_CASE("the late answer of the first server counts, and the second's addresses do not wait") {
  Servers late(2);
  late.at(250ms);
  late.take(0, addresses, 260ms);
  CHECK(late.server() == 0);
  Servers second(2);
  second.at(250ms);
  second.take(1, addresses, 251ms);
  CHECK(second.server() == 1);
}

TEST_CASE("a denial waits the Resolution Delay for another server that was asked") {
  for (const std::size_t denier : {0U, 1U}) {
    Servers servers(2);
    servers.at(250ms);
    CHECK(servers.take(denier, no_such_name, 252ms) == "");
    CHECK(servers.open());
    CHECK(servers.at(302ms) == "");
    CHECK(servers.status() == no_such_name);

    Servers contradicted(2);
    contradicted.at(250ms);
    contradicted.take(denier, no_such_name, 252ms);
    contradicted.take(1 - denier, addresses, 301ms);
    CHECK(contradicted.status() == addresses);
    CHECK(contradicted.server() == 1 - denier);
  }
}

TEST_CASE("a denial is final as soon as everybody asked has spoken; the first one's counts") {
  Servers servers(3);
  servers.at(250ms);
  servers.take(1, no_such_name, 252ms);
  servers.take(0, server_failure, 253ms);
  CHECK(servers.status() == no_such_name);
  Servers both(3);
  both.at(250ms);
  both.take(1, no_such_name, 252ms);
  both.take(0, no_address, 253ms);
  CHECK(both.status() == no_address);
}

TEST_CASE("a failure does not wait: the next is asked, and after the last the first again, once") {
  for (const AnswerStatus failure : {server_failure, bad_answer, no_answer}) {
    const std::string why = failure == server_failure ? "failure"
                            : failure == bad_answer   ? "nonsense"
                                                      : "unreachable";
    Servers servers(2);
    CHECK(servers.take(0, failure, 1ms) == "1 " + why);
    CHECK(servers.take(1, failure, 2ms) == "0 " + why);
    CHECK(servers.take(0, failure, 3ms) == "1 " + why);
    CHECK(servers.take(1, failure, 4ms) == "");
    CHECK(servers.status() == failure);
  }
}

TEST_CASE("who failed is asked again while another keeps silent") {
  Servers servers(2);
  CHECK(servers.take(0, server_failure, 1ms) == "1 failure");
  CHECK(servers.at(251ms) == "0 failure, 1 silence");
  CHECK(servers.take(0, addresses, 252ms) == "");
  CHECK(servers.status() == addresses);
}

TEST_CASE("of failures the most telling one is told") {
  Servers servers({.servers = 3, .failures = 1});
  servers.take(0, no_answer, 1ms);
  servers.take(1, server_failure, 2ms);
  servers.take(2, bad_answer, 3ms);
  CHECK(servers.status() == server_failure);
  CHECK(servers.race().silent(0));
  CHECK_FALSE(servers.race().silent(1));
}

TEST_CASE("attempts:1 sends one datagram to each server") {
  Servers servers({.servers = 2, .timeout = 1s, .sends = 1, .failures = 1});
  CHECK(servers.at(250ms) == "1 silence");
  CHECK(servers.at(1s) == "");
  CHECK(servers.status() == no_answer);
}

TEST_CASE("a truncated answer: the same server over TCP, within the same bounds") {
  Servers servers(2);
  CHECK(servers.truncated(0, false, 3ms) == "0 cut");
  CHECK(servers.truncated(0, false, 4ms) == "");
  CHECK(servers.at(253ms) == "1 silence");
  servers.take(1, addresses, 254ms);
  CHECK(servers.server() == 1);
}

TEST_CASE("where TCP fails, the addresses that fitted the datagram are better than none") {
  Servers servers({.servers = 1, .failures = 1});
  servers.truncated(0, true, 3ms);
  servers.take(0, no_answer, 4ms);
  CHECK(servers.status() == addresses);
}

TEST_CASE("an unreachable note after a denial takes nothing back") {
  Servers servers(2);
  servers.at(250ms);
  servers.take(1, no_such_name, 252ms);
  CHECK(servers.take(1, no_answer, 253ms) == "");
  servers.at(302ms);
  CHECK(servers.status() == no_such_name);
}

TEST_CASE("any story ends by the timeout, the deadline always moves, nobody is asked too often") {
  constexpr AnswerStatus all[] = {
      addresses, no_address, no_such_name, server_failure, no_answer, bad_answer};
  std::mt19937 random(14);
  for (int story = 0; story < 20000; ++story) {
    const std::size_t count = 1 + random() % 4;
    ServerRace race({.servers = count}, 0ms);
    std::vector<unsigned> asked(count);
    const auto note = [&](const std::vector<ServerRace::Ask>& orders) {
      for (const ServerRace::Ask& order : orders) {
        CHECK(order.times == ++asked[order.server]);
        CHECK(order.times <= 8);
      }
    };
    Moment now{};
    note(race.begin());
    while (!race.verdict()) {
      const Moment deadline = race.deadline().value();
      CAPTURE(story);
      REQUIRE(deadline > now);
      if (random() % 3 == 0) {
        now = std::min(deadline - 1us, now + Moment(random() % 200'000));
        const std::size_t server = random() % race.asked();
        if (random() % 8 == 0) note(race.truncated(server, random() % 2 == 0, now));
        note(race.take(server, all[random() % 12 < 3 ? random() % 3 : 3 + random() % 3], now));
      } else {
        now = deadline;
        note(race.pass_time(now));
      }
      REQUIRE(now <= 10s);
    }
  }
}

}  // namespace gladhand::server_race_test
