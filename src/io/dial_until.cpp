#include "dial_until.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include "tunnel.hpp"

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

// When the next dial begins, from now; empty when patience is spent. The last ones come closer: a
// server that is up at the very end is still found.
std::optional<Moment> next_pause(const Patience& patience, unsigned dials, Moment elapsed) {
  constexpr Moment too_late = std::chrono::milliseconds(20);
  const bool bounded = patience.total.count() != 0;
  if (patience.dials != 0 ? dials >= patience.dials : !bounded) return std::nullopt;
  if (!bounded) return pause_after(dials);
  const Moment left = patience.total - elapsed;
  if (left < too_late) return std::nullopt;
  return std::min(pause_after(dials), left / 2);
}

}  // namespace

asio::awaitable<PatientResult> dial_until(
    asio::io_context& loop, Target target, DialOptions options, Patience patience, EventSink sink) {
  const Clock::time_point start = Clock::now();
  const auto elapsed = [start] { return std::chrono::duration_cast<Moment>(Clock::now() - start); };
  const Moment timeout = options.race.timeout;
  PatientResult result;
  for (;;) {
    const Moment begin = elapsed();
    if (patience.total.count() != 0)
      options.race.timeout = std::min(timeout, patience.total - begin);
    result.last = co_await dial_through(loop, target, options, sink);
    ++result.dials;
    result.last_duration = elapsed() - begin;
    if (result.last.socket) break;
    const auto pause = next_pause(patience, result.dials, elapsed());
    if (!pause) break;
    if (sink) {
      const auto now = std::chrono::duration_cast<Moment>(Clock::now() - result.last.began);
      sink({now, DialEnded{}});
      sink({now, RetryScheduled{result.dials + 1, *pause}});
    }
    asio::steady_timer timer(loop, *pause);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return result;
}

}  // namespace gladhand
