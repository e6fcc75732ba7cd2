// What servers say that they are, in their first lines.
#pragma once

#include <string>
#include <vector>

#include "samples/sample.hpp"

namespace gladhand {

/// Each software that a host has named in a mode, without "SSH-2.0-", the last one last.
std::vector<std::string> versions_of(const HostSamples& host, const ModeSamples& mode);

/// How many hosts have which, the most frequent first: "2 hosts OpenSSH_9.2p1, 1 host dropbear".
/// Empty where all have the same.
std::string describe_versions(const BenchRun& run);

}  // namespace gladhand
