// dial_until: dials again until a server is up, for machines that are still booting.
#pragma once

#include "dial.hpp"

namespace gladhand {

/// How long to keep trying.
struct Patience {
  Moment total{};         ///< no new dial begins after this time; 0: one dial only, unless `dials`
  unsigned dials = 0;     ///< at most this many; 0: any number within `total`
};

struct PatientResult {
  DialResult last;
  Moment last_duration{};  ///< how long the last dial took
  unsigned dials = 0;      ///< how many there were
};

/// Dials, names resolved anew each time, with growing and jittered pauses, until one connects or
/// `patience` is spent. Each dial ends at its own timeout or when the total time is over.
asio::awaitable<PatientResult> dial_until(asio::io_context& loop,
                                          Target target,
                                          DialOptions options,
                                          Patience patience,
                                          EventSink sink);

}  // namespace gladhand
