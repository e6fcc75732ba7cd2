#include "connect/dial_with_retry.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "connect/proxy_chain.hpp"
#include "connect/route_race.hpp"
#include "dns/target_environment.hpp"
#include "sys/process.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Moment first_pause = std::chrono::milliseconds(200);
constexpr Moment longest_pause = std::chrono::seconds(3);

// Half as long again each time; a quarter up or down, so that a fleet does not knock in step.
Moment pause_after(unsigned dials) {
  Moment pause = first_pause;
  for (unsigned i = 1; i < dials && pause < longest_pause; ++i) pause = pause * 3 / 2;
  pause = std::min(pause, longest_pause);
  std::minstd_rand generator{std::random_device{}()};
  return pause * std::uniform_int_distribution<int>(75, 125)(generator) / 100;
}

// When the next dial begins, from now; empty when the policy is spent. The last ones come closer: a
// server that is up at the very end is still found.
std::optional<Moment> next_pause(const RetryPolicy& policy, unsigned dials, Moment elapsed) {
  constexpr Moment too_late = std::chrono::milliseconds(20);
  const bool bounded = policy.total.count() != 0;
  if (policy.dials != 0 ? dials >= policy.dials : !bounded) return std::nullopt;
  if (!bounded) return pause_after(dials);
  const Moment left = policy.total - elapsed;
  if (left < too_late) return std::nullopt;
  return std::min(pause_after(dials), left / 2);
}

// Runs the command of --on-slow, once.
class SlowAlarm : public std::enable_shared_from_this<SlowAlarm> {
 public:
  SlowAlarm(asio::io_context& loop, Recorder& recorder) : timer_(loop), recorder_(recorder) {}

  // When this goes its handler may be due already.
  void set(const Target& target, const RetryPolicy& policy) {
    timer_.expires_after(policy.slow_after);
    timer_.async_wait([watched = weak_from_this(),
                       words = policy.on_slow,
                       environment = target_environment(target)](std::error_code canceled) {
      const auto alarm = watched.lock();
      if (!canceled && alarm) alarm->ring(words, environment);
    });
  }

 private:
  void ring(const std::vector<std::string>& words, const Environment& environment) const {
    FoundSlow found;
    const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto failure = start_detached_process(
        words, {.in = nothing.get(), .out = STDERR_FILENO, .environment = environment});
    if (failure) found.failure = failure->what();  // the dial may still succeed
    recorder_.record(std::move(found));
  }

  asio::steady_timer timer_;
  Recorder& recorder_;
};

bool ran_out_of_time(const DialResult& result) {
  const auto* failure = std::get_if<DialFailure>(&result);
  return failure != nullptr && exit_status(*failure) == ExitStatus::timed_out;
}

// Whether another dial could do better.
bool may_be_repeated(const DialResult& result) {
  const auto* failure = std::get_if<DialFailure>(&result);
  return failure != nullptr && !failure->is_final;
}

}  // namespace

Moment longest_time(const RetryPolicy& policy, Moment timeout) {
  if (policy.total.count() != 0) return std::max(policy.total, Moment(1));
  const unsigned dials = std::max(policy.dials, 1U);
  return dials * timeout + (dials - 1) * (longest_pause * 5 / 4);
}

asio::awaitable<RetryResult> dial_with_retry(asio::io_context& loop,
                                             Target target,
                                             std::shared_ptr<const ConnectOptions> options,
                                             Alternatives alternatives,
                                             RetryPolicy policy,
                                             Recorder& recorder) {
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + policy.total;
  const Moment timeout = options->race.timeout;
  const bool bounded = policy.total.count() != 0;
  std::shared_ptr<SlowAlarm> alarm;
  if (!policy.on_slow.empty()) {
    alarm = std::make_shared<SlowAlarm>(loop, recorder);
    alarm->set(target, policy);
  }
  RetryResult result;
  for (;;) {
    const Clock::time_point begin = Clock::now();
    const bool short_of_time = bounded && end < begin + timeout;
    const Clock::time_point deadline = short_of_time ? end : begin + timeout;
    std::vector<FailedAlternative> failed;
    DialResult dialled;
    if (alternatives.list.empty()) {
      dialled = co_await dial_through(loop, target, options, deadline, recorder);
    } else if (alternatives.order == RouteOrder::race) {
      dialled = co_await race_alternatives(loop, alternatives.list, deadline, recorder, failed);
    } else {
      dialled = co_await try_alternatives(loop, alternatives.list, deadline, recorder, failed);
    }
    ++result.dials;
    const auto duration = std::chrono::duration_cast<Moment>(Clock::now() - begin);
    // A dial that was cut short blames who would have answered in time: what a whole one has found
    // out is worth more.
    const bool cut_short = short_of_time && ran_out_of_time(dialled);
    const bool repeatable = may_be_repeated(dialled);
    if (!cut_short || result.dials == 1) {
      result.last = std::move(dialled);
      result.failed = std::move(failed);
      result.last_duration = duration;
    }
    if (!repeatable) break;
    const auto pause =
        next_pause(policy, result.dials, std::chrono::duration_cast<Moment>(Clock::now() - start));
    if (!pause) break;
    recorder.record(RetryScheduled{result.dials + 1, *pause});
    asio::steady_timer timer(loop, *pause);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return result;
}

}  // namespace gladhand
