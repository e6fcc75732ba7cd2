// Hosts as a command line or a file names them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gladhand {

struct HostAndPort {
  std::string host;  ///< without brackets
  std::string port;
};

/// Reads "host", "host:port", "v6", "[v6]" or "[v6]:port"; a host without a port gets
/// `default_port`. Checks nothing else. Throws UsageError when a bracket or a part is missing.
HostAndPort split_host(std::string_view text, std::string_view default_port);

/// The hosts of a file: one a line, blank lines and what follows a '#' left out.
std::vector<std::string> read_host_list(std::string_view text);

}  // namespace gladhand
