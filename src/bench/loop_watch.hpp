// LoopWatch: how late this program itself is. How long a timer that is due waits for its turn is
// how long a socket that is ready does.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <vector>

#include "samples/sample.hpp"

namespace gladhand {

class LoopWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// `on_tick` is called every 10 ms while it watches.
  LoopWatch(asio::io_context& loop, std::function<void()> on_tick);

  void begin();
  void end();

  /// Over all of the time; of a long one from a sample of it.
  LoopLag lag() const;

  /// The longest from `since` on, as far back as an hour.
  Moment worst_since(Clock::time_point since) const;

 private:
  struct Late {
    Clock::time_point at{};
    Moment by{};
  };

  void wait();
  void keep(Late late);

  asio::steady_timer timer_;
  std::function<void()> on_tick_;
  Clock::time_point expected_ = Clock::time_point::max();
  std::vector<double> lags_;  // microseconds, every stride_th tick
  unsigned stride_ = 1;
  unsigned ticks_ = 0;
  std::deque<Late> late_;  // none but those that no later one was worse than
};

}  // namespace gladhand
