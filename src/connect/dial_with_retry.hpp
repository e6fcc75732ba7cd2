// dial_with_retry: dials again until a server is up, for machines that are still booting.
#pragma once

#include "connect/alternatives.hpp"
#include "connect/proxy_chain.hpp"

namespace gladhand {

/// How long to keep trying, and what to do about it.
struct RetryPolicy {
  Moment total{};      ///< no new dial begins after this time; 0: one dial only, unless `dials`
  unsigned dials = 0;  ///< at most this many; 0: any number within `total`
  std::vector<std::string> on_slow;  ///< run once when nothing has connected by `slow_after`
  Moment slow_after{};               ///< since the first dial began
};

/// How long all dials may take together, when each may take `timeout`.
Moment longest_time(const RetryPolicy& policy, Moment timeout);

struct RetryResult {
  DialResult last{};       ///< of those that were not cut short by `total`, if there was one
  Moment last_duration{};  ///< how long the last dial took
  unsigned dials = 0;      ///< how many there were
  std::vector<FailedAlternative> failed{};  ///< of the last, where there are several ways
};

/// Dials, names resolved anew each time, with growing and jittered pauses, until one connects, one
/// is final, or `policy` is spent. Each dial ends at its own timeout or when the total time is
/// over. Where there are `alternatives`, they are what is dialled, and trying them all is one dial.
asio::awaitable<RetryResult> dial_with_retry(asio::io_context& loop,
                                             Target target,
                                             std::shared_ptr<const ConnectOptions> options,
                                             Alternatives alternatives,
                                             RetryPolicy policy,
                                             Recorder& recorder);

}  // namespace gladhand
