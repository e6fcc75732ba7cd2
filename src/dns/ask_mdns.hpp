// Names of the link, below .local: multicast DNS [RFC 6762].
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "dns/found.hpp"

namespace gladhand {

/// Asks Avahi's daemon, which asks the link, for the addresses of one family, endpoints with
/// `port`. Empty where it does not run. Fails when it does not answer until `deadline`.
asio::awaitable<Result<std::optional<Found>>> ask_avahi(
    std::string name,
    Family family,
    std::uint16_t port,
    std::chrono::steady_clock::time_point deadline);

/// Asks every link by a one-shot multicast query [RFC 6762 §5.1], repeated twice, and takes the
/// first answer that came from the link itself; after a second, or at `deadline`, there is none.
asio::awaitable<Found> ask_links(std::string name,
                                 Family family,
                                 std::uint16_t port,
                                 std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
