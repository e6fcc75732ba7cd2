// Resolution: the addresses of a name that a proxy is to reach, one after another. The race chooses
// them, as it does for sockets; what the proxy makes of one is known before the next is asked for.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "dns/name_lookup.hpp"
#include "dns/name_source.hpp"
#include "gladhand/event.hpp"
#include "race/race.hpp"

namespace gladhand {

class Resolution {
 public:
  using Clock = std::chrono::steady_clock;
  using Report = std::function<void(Event::Body)>;

  /// `target` is a name or an address; `names.families` are asked for, whatever connectivity this
  /// machine has: it is the proxy's that counts. `report` is told of questions and answers.
  Resolution(asio::io_context& loop,
             Target target,
             const NameOptions& names,
             const RaceOptions& race,
             Report report = {});

  /// The next address in the order of the race, late ones joining; the one before has led nowhere.
  /// Waits for it until `deadline`; empty when there is none left.
  asio::awaitable<std::optional<Endpoint>> next(Clock::time_point deadline);

  /// How many addresses next() may still come to: those that are known, and one where an answer is
  /// still out.
  std::size_t left();

  /// How many addresses are known that next() has not come to.
  std::size_t untried() const { return race_.waiting(); }

  /// Why nobody may be asked, where that is so; for after next().
  const std::optional<Error>& refusal() const { return source_.refusal; }

  /// How the questions ended.
  std::vector<QuestionReport> questions() const { return race_.questions(); }

 private:
  void begin();
  void take_in();
  void tell(const Fact& fact);
  void ask(Family family);
  NameLookup::Listener listener();
  void received(const NameLookup::Answer& answer);
  Moment now() const { return std::chrono::duration_cast<Moment>(Clock::now() - began_); }

  asio::io_context& loop_;
  Target target_;
  NameOptions names_;
  Report report_;
  const Moment resolution_delay_;
  const Clock::time_point began_ = Clock::now();
  Race race_;
  NameSource source_{};
  const Clock::time_point deadline_;  // of those who are asked
  asio::steady_timer wakeup_timer_;
  std::deque<Fact> inbox_;  // an answer may come before ask() has returned
  std::optional<NameLookup> lookup_;
  std::optional<StartAttempt> offered_;  // not yet returned
  std::optional<AttemptId> returned_;    // the last that was
  bool begun_ = false;
};

}  // namespace gladhand
