// Resolution: the addresses of a name that a proxy is to reach, one after another. Nothing is
// raced: what the proxy makes of one address is known before the next is asked for.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "dns/name_source.hpp"
#include "dns/resolver.hpp"
#include "gladhand/event.hpp"
#include "race/policy.hpp"
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

  /// The best address not yet returned, in the order of a race: IPv6 and IPv4 alternating, late
  /// ones joining. Waits for one until `deadline`; empty when there is none left.
  asio::awaitable<std::optional<Endpoint>> next(Clock::time_point deadline);

  /// How many addresses next() may still come to: those that are known, and one where an answer is
  /// still out.
  std::size_t left() const;

  /// How the questions ended.
  std::vector<QuestionReport> questions() const { return questions_; }

 private:
  void begin();
  void received(const Resolver::Answer& answer);
  void add(const std::vector<Endpoint>& endpoints);
  std::optional<std::size_t> best_untried() const;
  bool waits_for_preferred() const;
  bool all_answered() const;

  asio::io_context& loop_;
  Target target_;
  NameOptions names_;
  RaceOptions race_;
  Report report_;
  PolicyTable policy_;
  asio::steady_timer wakeup_timer_;
  std::optional<Resolver> resolver_;
  std::vector<QuestionReport> questions_;
  std::vector<Candidate> candidates_;
  std::vector<bool> tried_;
  std::optional<Clock::time_point> first_known_;
  bool begun_ = false;
};

}  // namespace gladhand
