// route_race: several ways to one target, each beside those whose time is over; the first to
// connect wins.
#pragma once

#include "connect/alternatives.hpp"

namespace gladhand {

/// As try_alternatives(), but a way whose time is over goes on while the next is tried. Those that
/// are under way when it completes are coroutines on `loop`, which nobody waits for: they end, with
/// their sockets and programs, when it does.
asio::awaitable<DialResult> race_alternatives(asio::io_context& loop,
                                              std::vector<Alternative> alternatives,
                                              std::chrono::steady_clock::time_point deadline,
                                              Recorder& recorder,
                                              std::vector<FailedAlternative>& failed);

}  // namespace gladhand
