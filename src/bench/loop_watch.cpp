#include "bench/loop_watch.hpp"

#include <algorithm>
#include <utility>

#include "samples/statistics.hpp"

namespace gladhand {

namespace {

constexpr std::chrono::milliseconds interval{10};
constexpr std::size_t most_lags = 1 << 16;

}  // namespace

LoopWatch::LoopWatch(asio::io_context& loop, std::function<void()> on_tick)
    : timer_(loop), on_tick_(std::move(on_tick)) {}

void LoopWatch::begin() {
  expected_ = Clock::now();
  wait();
}

void LoopWatch::end() {
  timer_.cancel();
}

void LoopWatch::wait() {
  expected_ = std::max(expected_ + interval, Clock::now());
  timer_.expires_at(expected_);
  timer_.async_wait([this](std::error_code canceled) {
    if (canceled) return;
    const Clock::time_point now = Clock::now();
    keep({now, std::chrono::duration_cast<Moment>(now - expected_)});
    on_tick_();
    wait();
  });
}

void LoopWatch::keep(Late late) {
  constexpr std::chrono::hours longest_dial{1};
  while (!late_.empty() && late_.back().by <= late.by) late_.pop_back();
  late_.push_back(late);
  while (late_.front().at < late.at - longest_dial) late_.pop_front();
  if (ticks_++ % stride_ != 0) return;
  lags_.push_back(static_cast<double>(late.by.count()));
  if (lags_.size() < most_lags) return;
  for (std::size_t i = 0; i < lags_.size() / 2; ++i) lags_[i] = lags_[2 * i];
  lags_.resize(lags_.size() / 2);
  stride_ *= 2;
}

LoopLag LoopWatch::lag() const {
  std::vector<double> sorted = lags_;
  std::ranges::sort(sorted);
  const auto at = [&sorted](double percent) {
    return Moment(static_cast<Moment::rep>(percentile(sorted, percent)));
  };
  return {at(50), at(90)};
}

// The first of them that is not older is the worst. The tick that is due now has not come yet.
Moment LoopWatch::worst_since(Clock::time_point since) const {
  const auto first = std::ranges::lower_bound(late_, since, {}, &Late::at);
  const Moment now = std::chrono::duration_cast<Moment>(Clock::now() - expected_);
  return std::max({Moment(0), now, first == late_.end() ? Moment(0) : first->by});
}

}  // namespace gladhand
