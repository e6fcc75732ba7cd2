// The race's gate: where it was asked to, it orders Prepare before the first attempt and starts
// none until Prepared. Each test tells the facts itself, at the times it names.
#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "race/race.hpp"
#include "world.hpp"

using namespace world;

namespace gladhand::race_prepare_test {

const std::string six = "2001:db8::1";
const std::string six2 = "2001:db8::2";
const std::string four = "192.0.2.1";

RaceOptions gated(Moment timeout = 30s) {
  RaceOptions options = one_attempt_each();
  options.prepare = true;
  options.timeout = timeout;
  return options;
}

// A race whose orders come back as lines; decisions and questions are left out.
class Gate {
 public:
  explicit Gate(const RaceOptions& options = gated()) : race_(options) {}

  Log tell(const Fact& fact, Moment now) {
    Log log;
    for (const Action& action : race_.step(fact, now)) {
      const std::string line = std::visit([](const auto& order) { return text(order); }, action);
      if (!line.empty()) log.push_back(line);
    }
    return log;
  }

  Log start(const std::vector<Family>& questions, const Addresses& known = {}) {
    return tell(DialStarted{questions, candidates(known)}, 0ms);
  }

  const Race& race() const { return race_; }

 private:
  static std::string text(const Prepare& order) {
    std::string line = "prepare";
    for (const Endpoint& endpoint : order.endpoints) line += ' ' + to_string(endpoint);
    return line;
  }
  static std::string text(const StartAttempt& order) {
    return "start " + to_string(order.endpoint) +
           (order.reason == StartReason::prepared ? " as prepared" : "");
  }
  static std::string text(const CancelAttempt& order) {
    return "cancel " + std::to_string(order.attempt);
  }
  static std::string text(const Finish& order) {
    switch (order.outcome) {
      case Outcome::connected: return "connected";
      case Outcome::no_address: return "no address";
      case Outcome::all_attempts_failed: return "all failed";
      case Outcome::timed_out: return "timed out";
    }
    return "";
  }
  template <typename Decision>
  static std::string text(const Decision& /*decision*/) {
    return "";
  }

  Race race_;
};

const Log nothing;

TEST_CASE("without being asked to, a race prepares nothing") {
  Gate gate{one_attempt_each()};
  CHECK(gate.start({}, {six}) == Log{"start " + six});
  CHECK(gate.tell(Prepared{}, 1ms) == nothing);
}

TEST_CASE("Prepare names the endpoints known, best first, and comes instead of the first attempt") {
  Gate gate;
  CHECK(gate.start({}, {six, six2, four}) == Log{"prepare " + six + ' ' + four + ' ' + six2});
}

TEST_CASE("nothing starts before Prepared, however late it is; then the first attempt at once") {
  Gate gate;
  gate.start({}, {six, four});
  for (const Moment now : {1ms, 250ms, 251ms, 10'000ms}) {
    CAPTURE(now.count());
    CHECK(gate.tell(TimePassed{}, now) == nothing);
  }
  CHECK(gate.race().deadline() == Moment(30s));
  CHECK(gate.tell(Prepared{}, 12s) == Log{"start " + six + " as prepared"});
}

TEST_CASE("the Connection Attempt Delay counts from the first attempt, not from Prepare") {
  Gate gate;
  gate.start({}, {six, four});
  gate.tell(Prepared{}, 12s);
  CHECK(gate.race().deadline() == Moment(12'250ms));
  CHECK(gate.tell(TimePassed{}, 12'249ms) == nothing);
  CHECK(gate.tell(TimePassed{}, 12'250ms) == Log{"start " + four});
}

TEST_CASE("Prepare is ordered once: not for a later answer, not for a later attempt") {
  Gate gate;
  gate.start({AAAA, A});
  CHECK(gate.tell(answer(AAAA, {six, six2}), 10ms) == Log{"prepare " + six + ' ' + six2});
  CHECK(gate.tell(answer(A, {four}), 20ms) == nothing);
  CHECK(gate.tell(Prepared{}, 30ms) == Log{"start " + six + " as prepared"});
  CHECK(gate.tell(Prepared{}, 31ms) == nothing);
  const std::error_code refused(ECONNREFUSED, std::system_category());
  CHECK(gate.tell(AttemptFailed{0, refused}, 40ms) == Log{"start " + four});
  CHECK(gate.tell(AttemptFailed{2, refused}, 50ms) == Log{"start " + six2});
  CHECK(gate.tell(AttemptFailed{1, refused}, 60ms) == Log{"all failed"});
}

TEST_CASE("an answer that comes meanwhile is sorted in: the best then known starts first") {
  Gate gate;
  gate.start({AAAA, A});
  CHECK(gate.tell(answer(A, {four}), 10ms) == nothing);
  CHECK(gate.tell(TimePassed{}, 60ms) == Log{"prepare " + four});
  CHECK(gate.tell(answer(AAAA, {six}), 100ms) == nothing);
  CHECK(gate.tell(Prepared{}, 200ms) == Log{"start " + six + " as prepared"});
  CHECK(gate.tell(TimePassed{}, 450ms) == Log{"start " + four});
}

TEST_CASE("the Resolution Delay is kept before Prepare is ordered") {
  SUBCASE("the preferred family answers within it") {
    Gate gate;
    gate.start({AAAA, A});
    CHECK(gate.tell(answer(A, {four}), 10ms) == nothing);
    CHECK(gate.race().deadline() == Moment(60ms));
    CHECK(gate.tell(answer(AAAA, {six}), 40ms) == Log{"prepare " + six + ' ' + four});
    CHECK(gate.race().deadline() == Moment(30s));
  }
  SUBCASE("it passes") {
    Gate gate;
    gate.start({AAAA, A});
    gate.tell(answer(A, {four}), 10ms);
    CHECK(gate.tell(TimePassed{}, 59ms) == nothing);
    CHECK(gate.tell(TimePassed{}, 60ms) == Log{"prepare " + four});
    CHECK(gate.tell(Prepared{}, 61ms) == Log{"start " + four + " as prepared"});
  }
  SUBCASE("the preferred family has no address") {
    Gate gate;
    gate.start({AAAA, A});
    gate.tell(answer(A, {four}), 10ms);
    CHECK(gate.tell(answer(AAAA, {}), 20ms) == Log{"prepare " + four});
  }
}

TEST_CASE("without an address nothing is prepared") {
  Gate gate;
  gate.start({AAAA, A});
  CHECK(gate.tell(answer(AAAA, {}), 10ms) == nothing);
  CHECK(gate.tell(answer(A, {}), 20ms) == Log{"no address"});
}

TEST_CASE("the timeout ends a race that is preparing, and Prepared changes nothing then") {
  Gate gate(gated(1s));
  gate.start({}, {six, four});
  CHECK(gate.race().deadline() == Moment(1s));
  CHECK(gate.tell(TimePassed{}, 999ms) == nothing);
  CHECK(gate.tell(TimePassed{}, 1s) == Log{"timed out"});
  CHECK(gate.race().finished());
  CHECK_FALSE(gate.race().deadline().has_value());
  CHECK(gate.tell(Prepared{}, 1001ms) == nothing);
}

TEST_CASE("where Prepared and the timeout come together, no attempt is started") {
  Gate gate(gated(1s));
  gate.start({}, {six});
  CHECK(gate.tell(Prepared{}, 1s) == Log{"timed out"});
}

TEST_CASE("the report of a race that ended while preparing has every address as waiting") {
  Race race(gated(1s));
  race.step(DialStarted{{}, candidates({six, four})}, 0ms);
  const std::vector<Action> last = race.step(TimePassed{}, 1s);
  REQUIRE(last.size() == 1);
  const auto* finish = std::get_if<Finish>(&last.front());
  REQUIRE(finish != nullptr);
  REQUIRE(finish->attempts.size() == 2);
  for (const AttemptReport& attempt : finish->attempts)
    CHECK(attempt.state == AttemptReport::State::waiting);
}

TEST_CASE("Prepared before it was ordered opens nothing") {
  Gate gate;
  gate.start({AAAA});
  CHECK(gate.tell(Prepared{}, 5ms) == nothing);
  CHECK(gate.tell(answer(AAAA, {six}), 10ms) == Log{"prepare " + six});
  CHECK(gate.tell(TimePassed{}, 500ms) == nothing);
}

TEST_CASE("Prepared at once, in the same moment as its order, starts the first attempt then") {
  Gate gate;
  gate.start({}, {six});
  CHECK(gate.tell(Prepared{}, 0ms) == Log{"start " + six + " as prepared"});
  CHECK(gate.tell(Connected{0}, 5ms) == Log{"connected"});
}

}  // namespace gladhand::race_prepare_test
