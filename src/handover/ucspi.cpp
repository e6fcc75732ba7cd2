#include "handover/ucspi.hpp"

#include <netinet/in.h>

namespace gladhand {

namespace {

// Empty for a path that no variable can hold: an abstract one may have a NUL in it.
std::optional<std::string> path_value(std::string path) {
  if (path.empty() || path.find('\0') != path.npos) return std::nullopt;
  return path;
}

// The value of PROTO.
std::optional<std::string> prefix_of(const SocketFacts& facts) {
  if (facts.family == AF_UNIX) return "UNIX";
  if (facts.family == AF_VSOCK) return "VSOCK";
  if (facts.family != AF_INET && facts.family != AF_INET6) return std::nullopt;
  if (facts.protocol == IPPROTO_SCTP) return "SCTP";
  if (facts.protocol == IPPROTO_UDP) return "UDP";
  return "TCP";
}

void add_end(EnvironmentChanges& changes, const std::string& prefix, const Endpoint& end) {
  if (end.family()) {
    changes.emplace_back(prefix + "IP", to_string(end));
    changes.emplace_back(prefix + "PORT", std::to_string(end.port()));
  } else if (const auto vsock = vsock_address(end)) {
    changes.emplace_back(prefix + "CID", std::to_string(vsock->cid));
    changes.emplace_back(prefix + "PORT", std::to_string(vsock->port));
  } else if (end.system_family() == AF_UNIX) {
    changes.emplace_back(prefix + "PATH", path_value(unix_path(end)));
  }
}

}  // namespace

EnvironmentChanges ucspi_environment(const SocketFacts& facts) {
  const std::optional<std::string> prefix = prefix_of(facts);
  EnvironmentChanges changes = {{"PROTO", prefix}};
  if (!prefix) return changes;
  for (const char* unknown : {"LOCALHOST", "REMOTEHOST", "REMOTEINFO"})
    changes.emplace_back(*prefix + unknown, std::nullopt);
  add_end(changes, *prefix + "LOCAL", facts.local);
  if (facts.peer) add_end(changes, *prefix + "REMOTE", *facts.peer);
  return changes;
}

}  // namespace gladhand
