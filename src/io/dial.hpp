// dial: drives one race against the world. It reads the clock once a turn, tells the race the
// facts, carries out its orders and stamps both for the log.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <string>
#include <vector>

#include "gladhand/race.hpp"
#include "attempt.hpp"
#include "names.hpp"
#include "unique_fd.hpp"

namespace gladhand {

/// Everything that shapes a dial.
struct DialOptions {
  RaceOptions race;
  NameOptions names;
  AttemptOptions attempt;
  std::vector<std::string> before;   ///< run before the first attempt; empty: nothing
  std::vector<std::string> on_slow;  ///< run when nothing has connected by `slow_after`
  Moment slow_after{};
};

struct DialResult {
  UniqueFd socket;  ///< the winner: blocking, connected; empty when there is none
  Finish finish;
};

/// Resolves and connects. Completes when the race is over and every loser is closed; throws Error
/// for what should not fail (no descriptors, no memory for c-ares), for a socket setting that the
/// kernel refuses, and when the `before` command fails.
asio::awaitable<DialResult> dial(asio::io_context& loop,
                                 Target target,
                                 DialOptions options,
                                 EventSink sink);

}  // namespace gladhand
