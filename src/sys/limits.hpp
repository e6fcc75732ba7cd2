// What the system allows one process and one source address.
#pragma once

#include <optional>
#include <string>

namespace gladhand {

/// Raises the bound of open descriptors to `wanted`, or as far as is allowed. Returns what it is
/// then.
unsigned long raise_descriptor_limit(unsigned long wanted);

/// How many local ports the kernel chooses from for connections to one destination.
unsigned count_local_ports();

/// Why this process cannot open a socket now, in the system's words; empty where it can.
std::optional<std::string> shortage_of_descriptors();

}  // namespace gladhand
