// Carries SocketSettings out on a socket. Everything happens before connect(2), so that what the
// kernel refuses is refused before any packet.
#pragma once

#include <vector>

#include "base/unique_fd.hpp"
#include "sys/socket_settings.hpp"

namespace gladhand {

/// The IPPROTO_ number of a protocol.
int system_protocol(Protocol protocol);

/// Whether the kernel makes sockets for `protocol`.
bool kernel_speaks(Protocol protocol);

/// Applies all settings to an unconnected socket for IPv4 or IPv6. Throws Error that names the
/// option, its value and the kernel's reason.
void set_up(int fd, Family family, const SocketSettings& settings);

/// Applies those that any socket has to an unconnected one that is neither IPv4 nor IPv6. Throws
/// so, too.
void set_up_local(int fd, const SocketSettings& settings);

/// Applies only what decides the route and the source address, to an unconnected UDP socket that
/// asks the kernel for its choice. False when the kernel refuses.
bool set_up_route(int fd, Family family, const SocketSettings& settings);

/// Those of `families` that the interface serves: where this user may only bind to an address of
/// it, the ones it has an address for. All of them when it has none at all: check_settings says so.
std::vector<Family> served_families(const SocketSettings& settings,
                                    const std::vector<Family>& families);

/// Tries the settings on a socket of each family, and throws what set_up throws: to be called
/// before any traffic. A family the kernel does not have is passed over; a protocol that it does
/// not have is refused, MPTCP excepted, in place of which TCP will do.
void check_settings(const SocketSettings& asked, const std::vector<Family>& families);

}  // namespace gladhand
