// Carries SocketSettings out on a socket. Everything happens before connect(2), so that what the
// kernel refuses is refused before any packet.
#pragma once

#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/socket_settings.hpp"

namespace gladhand {

/// The IPPROTO_ number of a protocol.
int system_protocol(Protocol protocol);

/// Whether the kernel makes sockets for `protocol`.
bool kernel_speaks(Protocol protocol);

/// What the kernel has refused.
struct RefusedSetting {
  std::string asked;      ///< the option and its value
  std::error_code cause;  ///< the kernel's reason

  Error error() const { return Error(ExitStatus::not_handed_over, asked + ": " + words()); }
  std::string words() const { return system_words(cause.value()); }
};

/// Applies all settings to an unconnected socket for IPv4 or IPv6, up to the first that is refused.
std::optional<RefusedSetting> set_up(int fd, Family family, const SocketSettings& settings);

/// Applies those that any socket has to an unconnected one that is neither IPv4 nor IPv6, likewise.
std::optional<RefusedSetting> set_up_local(int fd, const SocketSettings& settings);

/// Applies only what decides the route and the source address, to an unconnected UDP socket that
/// asks the kernel for its choice. False when the kernel refuses.
bool set_up_route(int fd, Family family, const SocketSettings& settings);

/// Those of `families` that the interface serves: where this user may only bind to an address of
/// it, the ones it has an address for. All of them when it has none at all: check_settings says so.
std::vector<Family> served_families(const SocketSettings& settings,
                                    const std::vector<Family>& families);

/// Tries the settings on a socket of each family, before any traffic. A family the kernel does not
/// have is passed over; a protocol that it does not have is refused, MPTCP excepted, in place of
/// which TCP will do.
std::optional<RefusedSetting> check_settings(const SocketSettings& asked,
                                             const std::vector<Family>& families);

}  // namespace gladhand
