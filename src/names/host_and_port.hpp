// Hosts as people write them: in a list, or by hand.
#pragma once

#include <string>
#include <string_view>

namespace gladhand {

struct HostAndPort {
  std::string host;  ///< without brackets
  std::string port;
};

/// Reads "host", "host:port", "v6", "[v6]" or "[v6]:port", each also behind "ssh://" or a user and
/// '@', which say nothing of where to connect to; a host without a port gets `default_port`. Checks
/// nothing else. Throws UsageError when a bracket or a part is missing.
HostAndPort split_host(std::string_view text, std::string_view default_port);

}  // namespace gladhand
