#include "apps/interim_reports.hpp"

#include <signal.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace gladhand {

InterimReports::InterimReports(asio::io_context& loop,
                               std::optional<Moment> interval,
                               std::function<void(Reports::Table)> report)
    : interval_(interval),
      report_(std::move(report)),
      timer_(loop),
      asked_(loop, {SIGUSR1}, [this] { report_(Reports::Table::shown); }) {
  if (interval_) wait(Clock::now() + *interval_);
}

void InterimReports::wait(Clock::time_point until) {
  timer_.expires_at(until);
  timer_.async_wait([this, until](std::error_code canceled) {
    if (canceled) return;
    report_(Reports::Table::left_out);
    wait(std::max(until + *interval_, Clock::now()));
  });
}

}  // namespace gladhand
