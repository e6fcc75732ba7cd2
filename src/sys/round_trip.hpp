// What the kernel has measured of a connection.
#pragma once

#include <chrono>
#include <optional>

namespace gladhand {

/// The smoothed round-trip time of a connected TCP or MPTCP socket; empty where there is none.
std::optional<std::chrono::microseconds> round_trip(int fd);

}  // namespace gladhand
