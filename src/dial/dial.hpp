// dial: drives one race against the world. It reads the clock once a turn, tells the race the
// facts, carries out its orders and stamps both for the log.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.hpp"
#include "dial/attempt.hpp"
#include "dial/history_keeper.hpp"
#include "dial/recorder.hpp"
#include "dns/name_source.hpp"
#include "dns/network.hpp"
#include "gladhand/error.hpp"
#include "race/race.hpp"

namespace gladhand {

/// What the user asked for, where a dial is only for the first hop on the way there.
struct ReportedTarget {
  std::string host;
  std::string service;
  std::string through;       ///< the first proxy; empty: the target itself is dialled
  std::string why_direct{};  ///< why so, although a proxy was asked for
};

/// Everything that shapes a dial. The dials that are alike share one.
struct DialOptions {
  RaceOptions race;
  NameOptions names;
  AttemptOptions attempt;
  std::shared_ptr<HistoryKeeper> history{};  ///< null: nothing is asked of it, or learned
  /// What the kernel knows of the network, where several dials share it; for the same socket
  /// settings. Null: this one asks for itself.
  std::shared_ptr<Network> network{};
  std::vector<std::string> before;  ///< run before the first attempt; empty: nothing
};

/// The winner of a race.
struct DialConnection {
  UniqueFd socket;  ///< connected, non-blocking
  Endpoint peer;
  std::shared_ptr<const void>
      deferred_teardown{};  ///< idle, to be destroyed when nobody waits any more
};

using DialResult = std::variant<DialConnection, DialFailure>;

/// Resolves and connects, in `options->race.timeout` and until `deadline` at most. Completes when
/// the race is over and every loser is closed. Of a failure, whatever it is, the record has the end
/// [Recorder::end]; that of a connection is its user's to tell, once it has been put to use.
/// `recorder` must outlive the dial. Where the record is to name another target than the one that
/// is dialled, it is `reported`.
asio::awaitable<DialResult> dial(asio::io_context& loop,
                                 Target target,
                                 std::shared_ptr<const DialOptions> options,
                                 std::chrono::steady_clock::time_point deadline,
                                 Recorder& recorder,
                                 std::optional<ReportedTarget> reported = {});

}  // namespace gladhand
