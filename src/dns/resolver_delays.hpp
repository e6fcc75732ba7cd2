// How long a Resolver waits for whom.
#pragma once

#include <chrono>

namespace gladhand {

/// The times that resolv.conf(5) does not know.
struct ResolverDelays {
  std::chrono::microseconds attempt = std::chrono::milliseconds(250);    ///< until the next server
  std::chrono::microseconds resolution = std::chrono::milliseconds(50);  ///< for a lone denial
};

}  // namespace gladhand
