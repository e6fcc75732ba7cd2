// Random worlds: whatever happens, the race keeps its promises.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "world.hpp"

using namespace world;

namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : generator_(seed) {}
  int roll(int sides) { return std::uniform_int_distribution<int>(0, sides - 1)(generator_); }
  Moment moment(int most_ms) { return std::chrono::microseconds(roll(most_ms * 1000)); }

 private:
  std::mt19937 generator_;
};

World random_world(Dice& dice) {
  World world;
  const auto some = [&dice](const std::string& prefix) {
    Addresses addresses;
    for (int i = dice.roll(5); i > 0; --i)
      addresses.push_back(prefix + std::to_string(dice.roll(6)));
    return addresses;
  };
  for (const Family family : {AAAA, A}) {
    if (dice.roll(5) == 0) continue;
    const Moment at = dice.roll(6) == 0 ? never : dice.moment(400);
    world.answers.push_back({family, at, some(family == AAAA ? "2001:db8::" : "192.0.2.")});
  }
  if (dice.roll(4) == 0) world.known = some("2001:db8:1::");
  for (const std::string prefix : {"2001:db8::", "192.0.2.", "2001:db8:1::"})
    for (int i = 0; i < 6; ++i) {
      const int kind = dice.roll(4);
      if (kind == 0) continue;  // silent
      world.peers[prefix + std::to_string(i)] = {kind == 1 ? 0ms : dice.moment(900),
                                                 kind == 3 ? 0 : ECONNREFUSED};
      Peer& peer = world.peers[prefix + std::to_string(i)];
      if (dice.roll(4) == 0) peer.established = std::min(dice.moment(900), peer.after);
    }
  world.options.connection_attempt_delay = dice.moment(400);
  world.options.resolution_delay = dice.moment(100);
  world.options.timeout = 1ms + dice.moment(3000);
  world.options.backup_attempt = dice.roll(2) == 0;
  world.options.preferred_family_count = static_cast<unsigned>(dice.roll(4));
  if (dice.roll(3) == 0) world.descriptors = dice.roll(4);
  if (dice.roll(3) == 0)
    world.policy = gladhand::PolicyTable::from_gai_conf("precedence ::ffff:0:0/96 100\n");
  return world;
}

// Follows the race's actions and checks each against what was before.
class Referee {
 public:
  explicit Referee(const World& world) : world_(world) {}

  void see(Moment at, const gladhand::Action& action) {
    CHECK_FALSE(finished_);
    std::visit([this, at](const auto& it) { on(at, it); }, action);
  }
  void failed() { failed_since_ = true; }
  bool finished() const { return finished_; }

 private:
  void on(Moment at, const gladhand::StartAttempt& order) {
    CHECK(at < world_.options.timeout);
    const std::string endpoint = to_string(order.endpoint);
    if (order.backup_of) {
      CHECK(running_.contains(*order.backup_of));
      CHECK(again_.insert(endpoint).second);
      CHECK(again_.size() <= gladhand::max_backup_attempts);
    } else {
      CHECK(attempted_.insert(endpoint).second);
    }
    if (last_start_ && !failed_since_) CHECK(at - *last_start_ >= 10ms);
    last_start_ = at;
    failed_since_ = false;
    running_.insert(order.attempt);
  }
  void on(Moment /*at*/, const gladhand::CancelAttempt& order) {
    CHECK(running_.erase(order.attempt) == 1);
  }
  void on(Moment at, const gladhand::Finish& order) {
    finished_ = true;
    if (order.outcome == gladhand::Outcome::timed_out) CHECK(at >= world_.options.timeout);
    if (order.outcome == gladhand::Outcome::no_address) CHECK(attempted_.empty());
    if (order.outcome == gladhand::Outcome::all_attempts_failed)
      for (const auto& attempt : order.attempts)
        CHECK(attempt.state == gladhand::AttemptReport::State::failed);
  }
  template <typename Other>
  void on(Moment /*at*/, const Other& /*action*/) {}

  World world_;
  std::set<std::string> attempted_;
  std::set<std::string> again_;
  std::set<gladhand::AttemptId> running_;
  std::optional<Moment> last_start_;
  bool failed_since_ = false;  // since the last start
  bool finished_ = false;
};

std::error_code a_cause(Dice& dice) {
  const int causes[] = {ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT, EADDRNOTAVAIL};
  return {causes[dice.roll(4)], std::system_category()};
}

// Tells facts in a random but legal order and time, with the clock told late now and then.
void walk(Dice& dice) {
  const World world = random_world(dice);
  Referee referee(world);
  gladhand::Race race(world.options, world.policy);
  std::vector<gladhand::Fact> possible;
  Moment now{};

  const auto tell = [&](const gladhand::Fact& fact) {
    if (std::holds_alternative<gladhand::AttemptFailed>(fact)) referee.failed();
    for (const gladhand::Action& action : race.step(fact, now)) {
      referee.see(now, action);
      if (const auto* query = std::get_if<gladhand::SendQuery>(&action))
        for (const Answer& it : world.answers)
          if (it.family == query->family) possible.push_back(answer(it.family, it.addresses));
      if (const auto* start = std::get_if<gladhand::StartAttempt>(&action)) {
        if (dice.roll(2) == 0)
          possible.push_back(gladhand::Connected{start->attempt});
        else
          possible.push_back(gladhand::AttemptFailed{start->attempt, a_cause(dice)});
      }
    }
  };

  std::vector<Family> questions;
  for (const Answer& it : world.answers) questions.push_back(it.family);
  tell(gladhand::DialStarted{questions, candidates(world.known)});
  for (int steps = 0; !race.finished(); ++steps) {
    REQUIRE(steps < 1000);
    const Moment deadline = *race.deadline();
    REQUIRE(deadline > now);
    if (!possible.empty() && dice.roll(3) != 0) {
      now = std::min(deadline, now + dice.moment(60));
      const auto pick = static_cast<std::size_t>(dice.roll(static_cast<int>(possible.size())));
      const gladhand::Fact fact = possible[pick];
      possible.erase(possible.begin() + static_cast<std::ptrdiff_t>(pick));
      tell(fact);
    } else {
      now = deadline + (dice.roll(4) == 0 ? dice.moment(3000) : Moment(0));
      tell(gladhand::TimePassed{});
      if (!race.finished()) CHECK(*race.deadline() > now);
    }
  }
  CHECK(referee.finished());
}

}  // namespace

TEST_CASE("any order of facts: legal orders, a moving deadline, one end, no endpoint twice") {
  for (unsigned seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    walk(dice);
  }
}

TEST_CASE("any world: the race ends, at its deadline at the latest") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    const World world = random_world(dice);
    Simulation simulation(world);
    const Log log = simulation.run();
    REQUIRE(!simulation.actions().empty());
    CHECK(simulation.actions().back().first <= world.options.timeout);
    int ends = 0;
    for (const auto& [at, action] : simulation.actions()) {
      if (std::holds_alternative<gladhand::StartAttempt>(action)) CHECK(at < world.options.timeout);
      if (std::holds_alternative<gladhand::Finish>(action)) ++ends;
    }
    CHECK(ends == 1);
    CHECK(std::holds_alternative<gladhand::Finish>(simulation.actions().back().second));
  }
}
