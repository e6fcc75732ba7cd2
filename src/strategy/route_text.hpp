// A route as rules and --route have it: one of several ways to a target.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "names/host_and_port.hpp"

namespace gladhand {

struct RouteText {
  std::optional<std::chrono::microseconds> patience;  ///< how long it is tried; unset: not told
  std::vector<std::string> proxies;                   ///< URLs, each reached through the one before
  HostAndPort to;                                     ///< what is connected to in the end
  std::vector<std::string> command;                   ///< run in place of all that; empty: none
};

/// Reads "[DURATION] direct", "[DURATION] [PROXY...] [HOST][:PORT]" and "[DURATION] command
/// WORD...". What is not said is the target's; %h and %p stand for its host and port. Throws
/// UsageError, also for a host that no command should be given: a shell may read it.
RouteText read_route(std::string_view text, const HostAndPort& target);

}  // namespace gladhand
