// What the system allows one process and one source address.
#pragma once

namespace gladhand {

/// Raises the bound of open descriptors to `wanted`, or as far as is allowed. Returns what it is
/// then.
unsigned long raise_descriptor_limit(unsigned long wanted);

/// How many local ports the kernel chooses from for connections to one destination.
unsigned count_local_ports();

}  // namespace gladhand
