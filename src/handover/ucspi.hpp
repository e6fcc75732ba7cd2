// The environment of a program that gets a connection as its standard input and output.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/socket_facts.hpp"

namespace gladhand {

/// Names and values; an empty one must not be set, whatever an outer program has left there.
using EnvironmentChanges = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// What tells a program about its connection [UCSPI-1996]: PROTO, and variables that begin with
/// its value. TCP for both families, as s6-tcpclient has it: TCPLOCALIP, TCPLOCALPORT, TCPREMOTEIP,
/// TCPREMOTEPORT; likewise SCTP and UDP. UNIX, as unixclient has it: UNIXLOCALPATH, and with it
/// UNIXREMOTEPATH. VSOCK: VSOCKLOCALCID, VSOCKLOCALPORT, VSOCKREMOTECID, VSOCKREMOTEPORT. Names of
/// hosts and users are looked up nowhere.
EnvironmentChanges ucspi_environment(const SocketFacts& facts);

}  // namespace gladhand
