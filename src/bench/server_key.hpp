// What a host and a server are known by where none may be dialled too often.
#pragma once

#include <string>

#include "gladhand/endpoint.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

/// Two targets with one key are one host: two dials to it are to the same name and port.
std::string host_key(const Target& target);

/// Of an address and its port, however an IPv4 address is written. That of a literal target's
/// address is its host_key(), too, where it is not written as an IPv6 address.
std::string server_key(const Endpoint& server);

}  // namespace gladhand
