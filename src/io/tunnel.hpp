// Tunnel: a dial, and what has to be said to proxies and multiplexers before the connection is the
// target's. Everything here is sequential: the race for the first hop is over before it begins.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include "dial.hpp"

namespace gladhand {

/// Dials as `options.route` has it: `target` itself, or the first proxy and `target` through it. A
/// target that NO_PROXY lists is dialed directly. `options.race.timeout` bounds all of it.
/// Completes and throws as dial() does; a proxy that refuses, or speaks nonsense, is told in
/// DialResult::failure [ExitStatus::proxy_failed].
asio::awaitable<DialResult> dial_through(asio::io_context& loop,
                                         Target target,
                                         DialOptions options,
                                         EventSink sink);

}  // namespace gladhand
