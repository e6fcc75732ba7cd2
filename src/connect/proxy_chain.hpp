// ProxyChain: a dial, and what has to be said to proxies and multiplexers before the connection is
// the target's. Everything here is sequential: the race for the first hop is over before it begins.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "connect/route.hpp"
#include "dial/dial.hpp"

namespace gladhand {

/// Everything that shapes a connection: each dial's options, and what is between it and the target.
struct ConnectOptions : DialOptions {
  Route route;
  /// What is said to proxies after each dial may take this long, whatever the deadline of the dial
  /// was; unset: it has what the dial has left.
  std::optional<Moment> handshake_timeout{};

  const DialOptions& of_dial() const { return *this; }
};

/// Dials as `options->route` has it: `target` itself, or the first proxy and `target` through it. A
/// target that NO_PROXY lists is dialed directly. `deadline` bounds all of it.
/// Completes as dial() does; a proxy that refuses, or speaks nonsense, is a failure with
/// ExitStatus::proxy_failed. Each connection to the first proxy is a dial of its own in the record.
asio::awaitable<DialResult> dial_through(asio::io_context& loop,
                                         Target target,
                                         std::shared_ptr<const ConnectOptions> options,
                                         std::chrono::steady_clock::time_point deadline,
                                         Recorder& recorder);

}  // namespace gladhand
