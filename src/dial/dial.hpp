// dial: drives one race against the world. It reads the clock once a turn, tells the race the
// facts, carries out its orders and stamps both for the log.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "dial/attempt.hpp"
#include "dns/name_source.hpp"
#include "gladhand/error.hpp"
#include "race/race.hpp"

namespace gladhand {

/// What the user asked for, where a dial is only for the first hop on the way there.
struct ReportedTarget {
  std::string host;
  std::string service;
  std::string through;  ///< the first proxy; empty: the target itself is dialled
};

/// Everything that shapes a dial.
struct DialOptions {
  RaceOptions race;
  NameOptions names;
  AttemptOptions attempt;
  std::optional<ReportedTarget> reported_target{};  ///< empty: the target that is dialled
  std::vector<std::string> before;  ///< run before the first attempt; empty: nothing
};

struct DialResult {
  UniqueFd socket;  ///< the winner: connected, non-blocking; empty when there is none
  Finish finish;
  std::optional<Error> failure{};  ///< why there is no socket, where `finish` does not say it
  std::string through{};           ///< the proxy, where `finish` is about reaching or resolving one
  bool is_final = false;           ///< dialling again would change nothing: a password is wrong
  std::shared_ptr<const void>
      deferred_teardown{};  ///< idle, to be destroyed when nobody waits any more
  std::chrono::steady_clock::time_point began{};  ///< where its events' times count from
};

/// Resolves and connects. Completes when the race is over and every loser is closed; throws Error
/// for what should not fail (no descriptors, no memory for c-ares), for a socket setting that the
/// kernel refuses, and when the `before` command fails.
asio::awaitable<DialResult> dial(asio::io_context& loop,
                                 Target target,
                                 DialOptions options,
                                 EventSink sink);

}  // namespace gladhand
