// Asks systemd-machined where a virtual machine or a container is, over its Varlink
// interface io.systemd.Machine.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace gladhand {

struct MachinedEntry {
  std::uint32_t cid = 0;  ///< the VSOCK address of a virtual machine
  std::string socket;     ///< the Unix socket of a container's ssh server; empty for a machine
};

/// Looks for `name` among the user's machines, then among the system's, until `deadline` at most.
/// Fails: no_address when there is no such machine or no way into it, timed_out.
asio::awaitable<Result<MachinedEntry>> find_machine(std::string name,
                                                    std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
