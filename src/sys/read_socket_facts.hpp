// Asks the kernel what a descriptor is. Reads nothing from it and changes nothing.
#pragma once

#include <string>

#include "base/socket_facts.hpp"

namespace gladhand {

/// What the socket is. Throws std::system_error when the kernel does not say.
SocketFacts socket_facts(int fd);

/// What a descriptor is that is no socket: "a pipe", "a regular file, '/etc/hosts'". Empty for a
/// socket.
std::string kind_of_no_socket(int fd);

}  // namespace gladhand
