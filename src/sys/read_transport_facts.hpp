// Asks the kernel about a connection.
#pragma once

#include "base/transport_facts.hpp"

namespace gladhand {

/// What it knows of the connected socket `fd`; what it does not say has no value.
TransportFacts transport_facts(int fd);

}  // namespace gladhand
