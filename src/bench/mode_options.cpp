#include "bench/mode_options.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace gladhand {

namespace {

// A loop over getaddrinfo(3) has no bound but those of each address.
constexpr std::chrono::hours no_bound{1};

}  // namespace

std::vector<Endpoint> sources_of_turn(const std::vector<Endpoint>& sources, std::uint64_t turn) {
  std::vector<Endpoint> chosen;
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    std::vector<Endpoint> own;
    std::ranges::copy_if(sources, std::back_inserter(own), [family](const Endpoint& source) {
      return source.family() == family;
    });
    if (!own.empty()) chosen.push_back(own[turn % own.size()]);
  }
  return chosen;
}

ConnectOptions options_for_mode(ConnectOptions options, const BenchMode& mode) {
  switch (mode.kind) {
    case BenchMode::Kind::family: options.names.families = {mode.family}; break;
    case BenchMode::Kind::delay: options.race.connection_attempt_delay = mode.delay; break;
    case BenchMode::Kind::no_backup: options.race.backup_attempt = false; break;
    case BenchMode::Kind::sequential:
      options.race.one_by_one = options.handshake_timeout = options.race.timeout;
      options.race.timeout = no_bound;
      break;
    default: break;
  }
  return options;
}

Target target_for_mode(Target target, const BenchMode& mode) {
  if (mode.address) {
    target.name.clear();
    target.literal = mode.address;
  }
  return target;
}

}  // namespace gladhand
