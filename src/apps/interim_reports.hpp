// InterimReports: when a run of gladhand-bench reports before its end.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "apps/bench_reports.hpp"
#include "sys/signal_watch.hpp"

namespace gladhand {

class InterimReports {
 public:
  /// Calls `report` on the loop: at every SIGUSR1, for the table too, and every `interval`.
  InterimReports(asio::io_context& loop,
                 std::optional<Moment> interval,
                 std::function<void(Reports::Table)> report);

 private:
  using Clock = std::chrono::steady_clock;

  void wait(Clock::time_point until);

  std::optional<Moment> interval_;
  std::function<void(Reports::Table)> report_;
  asio::steady_timer timer_;
  SignalWatch asked_;
};

}  // namespace gladhand
