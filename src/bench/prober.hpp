// Prober: dials a target when it is asked to, for an exporter, a few at once and no target often.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "connect/proxy_chain.hpp"
#include "samples/bench_mode.hpp"
#include "samples/sample.hpp"

namespace gladhand {

struct ProbeLimits {
  std::size_t at_once = 16;
  std::size_t remembered = 1024;    ///< targets whose last probe is known
  Moment gap = std::chrono::seconds(2);  ///< between two probes of one target
};

class Prober {
 public:
  /// Why there is no probe.
  enum class Refusal : std::uint8_t { too_many, too_often };

  /// `dial` is how dials are made, its `race.timeout` the longest that one may take.
  Prober(asio::io_context& loop, ConnectOptions dial, ProbeLimits limits = {});

  /// Whether `target` may be probed now. It counts as probed from then on.
  std::optional<Refusal> begin(const Target& target);

  /// A race, and then, where it has been won, a dial of the family that has not won it, alone: so
  /// no address is connected to more than once, and both families are known. Comes back within
  /// `timeout`.
  asio::awaitable<HostSamples> probe(Target target, bool until_banner, Moment timeout);

 private:
  using Clock = std::chrono::steady_clock;

  asio::awaitable<void> dial(const Target& target,
                             const BenchMode& mode,
                             bool until_banner,
                             Clock::time_point deadline,
                             HostSamples& host);

  asio::io_context& loop_;
  ConnectOptions dial_;
  ProbeLimits limits_;
  std::size_t running_ = 0;
  std::map<std::string, Clock::time_point> probed_;  // by host and port
};

}  // namespace gladhand
