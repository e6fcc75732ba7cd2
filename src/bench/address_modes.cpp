#include "bench/address_modes.hpp"

#include <algorithm>
#include <utility>

#include "dial/resolution.hpp"
#include "dns/network.hpp"

namespace gladhand {

asio::awaitable<std::vector<BenchMode>> find_address_modes(
    asio::io_context& loop,
    Target target,
    DialOptions options,
    std::chrono::steady_clock::time_point deadline) {
  std::vector<BenchMode> modes;
  if (target.kind != Target::Kind::internet) co_return modes;
  try {
    Network network(options.attempt.socket);
    const NameSource source = find_name_source(target, options.names, network);
    NameOptions names = options.names;
    if (!source.questions.empty()) names.families = source.questions;  // those with connectivity
    Resolution resolution(loop, std::move(target), names, options.race);
    while (const auto address = co_await resolution.next(deadline))
      modes.push_back(address_mode(*address));
  } catch (const Error&) {  // the samples to come will say it
  }
  std::ranges::stable_sort(
      modes, {}, [](const BenchMode& mode) { return mode.address->family() == Family::ipv4; });
  co_return modes;
}

}  // namespace gladhand
