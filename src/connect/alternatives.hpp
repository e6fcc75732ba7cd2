// Alternatives: several ways to one target, tried in order until one leads there.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "connect/proxy_chain.hpp"
#include "connect/route_order.hpp"

namespace gladhand {

/// One way: a dial, or a command that brings the connection.
struct Alternative {
  std::string text;  ///< as the user has it, without passwords
  Target target;     ///< what is dialled, or what the command is to reach
  ConnectOptions options;
  std::vector<std::string> command;  ///< run without a shell; empty: a dial
  std::optional<Moment> patience{};  ///< unset: five seconds, of the last all that is left
};

/// Of an alternative that is not the last, unless it is told.
inline constexpr Moment usual_patience = std::chrono::seconds(5);

struct Alternatives {
  std::vector<Alternative> list;
  RouteOrder order = RouteOrder::in_order;
};

/// A way that has not led there.
struct FailedAlternative {
  std::string text;
  Target target;
  DialFailure failure;
  Moment duration{};
};

/// Tries one of them, until `deadline` and no longer than its options' timeout. `begin` is now.
asio::awaitable<DialResult> try_alternative(asio::io_context& loop,
                                            const Alternative& alternative,
                                            std::chrono::steady_clock::time_point begin,
                                            std::chrono::steady_clock::time_point deadline,
                                            Recorder& recorder);

/// Tries one after another, each until it has failed or its time is over, and all of them until
/// `deadline`. Completes with the first connection, or with the failure of the last; `failed` gets
/// them all. Each is a dial of its own in the record.
asio::awaitable<DialResult> try_alternatives(asio::io_context& loop,
                                             const std::vector<Alternative>& alternatives,
                                             std::chrono::steady_clock::time_point deadline,
                                             Recorder& recorder,
                                             std::vector<FailedAlternative>& failed);

}  // namespace gladhand
