#include "bench/mode_options.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace gladhand {

namespace {

// A loop over getaddrinfo(3) has no bound but those of each address.
constexpr std::chrono::hours no_bound{1};

template <typename Change>
std::shared_ptr<const ConnectOptions> changed(const std::shared_ptr<const ConnectOptions>& usual,
                                              const Change& change) {
  auto options = std::make_shared<ConnectOptions>(*usual);
  change(*options);
  return options;
}

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

}  // namespace

std::shared_ptr<const ConnectOptions> options_for_mode(
    const std::shared_ptr<const ConnectOptions>& usual, const BenchMode& mode) {
  switch (mode.kind) {
    case BenchMode::Kind::family:
      return changed(usual, [&](ConnectOptions& it) { it.names.families = {mode.family}; });
    case BenchMode::Kind::delay:
      return changed(usual,
                     [&](ConnectOptions& it) { it.race.connection_attempt_delay = mode.delay; });
    case BenchMode::Kind::no_backup:
      return changed(usual, [](ConnectOptions& it) { it.race.backup_attempt = false; });
    case BenchMode::Kind::sequential:
      return changed(usual, [](ConnectOptions& it) {
        it.race.one_by_one = it.handshake_timeout = it.race.timeout;
        it.race.timeout = no_bound;
      });
    default: return usual;
  }
}

std::shared_ptr<const ConnectOptions> options_for_turn(
    const std::shared_ptr<const ConnectOptions>& usual,
    const std::vector<Endpoint>& sources,
    std::uint64_t turn) {
  return changed(
      usual, [&](ConnectOptions& it) { it.attempt.socket.bind = sources_of_turn(sources, turn); });
}

Target target_for_mode(Target target, const BenchMode& mode) {
  if (mode.address) {
    target.name.clear();
    target.literal = mode.address;
  }
  return target;
}

}  // namespace gladhand
