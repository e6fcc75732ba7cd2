// What name servers and the network say of a host, for --doctor.
#pragma once

#include <chrono>

#include "apps/options.hpp"
#include "doctor/facts.hpp"

namespace gladhand {

/// Asks each name server, and dials `host` once for each family, as `settings` have it, all at the
/// same time: until `deadline`, and five seconds at most. Nothing else is sent.
void find_network_facts(const Settings& settings,
                        const HostAndPort& host,
                        std::chrono::steady_clock::time_point deadline,
                        DoctorFacts& facts);

}  // namespace gladhand
