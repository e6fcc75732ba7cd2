// systemd-resolved, asked over its Varlink interface io.systemd.Resolve.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "dns/found.hpp"

namespace gladhand {

/// Asks it for the addresses of one family, endpoints with `port`, by every protocol that it
/// speaks: LLMNR and mDNS too, where it is set up for them. Empty where it does not run, and in a
/// build without nlohmann_json. Fails when it does not answer until `deadline`, or answers
/// nonsense.
asio::awaitable<Result<std::optional<Found>>> ask_resolved(
    std::string name,
    Family family,
    std::uint16_t port,
    std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
