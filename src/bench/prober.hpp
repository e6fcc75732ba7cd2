// Prober: dials a target when it is asked to, for an exporter, a few at once and no server often.
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
#include <vector>

#include "bench/bench_runner.hpp"
#include "connect/proxy_chain.hpp"
#include "samples/bench_mode.hpp"
#include "samples/sample.hpp"

namespace gladhand {

/// A probe may be of what sshd says first, and such a dial costs its caller a penalty of a second.
constexpr Moment probe_gap = std::chrono::seconds(2);

struct ProbeLimits {
  std::size_t at_once = 16;
  std::size_t remembered = 1024;  ///< targets whose last probe is known
  Moment gap = probe_gap;         ///< between a dial to a server and a probe of it
};

class Prober {
 public:
  /// Why there is no probe.
  enum class Refusal : std::uint8_t { too_many, too_often };

  /// `dial` is how dials are made, its `race.timeout` the longest that one may take. `beside`, if
  /// any, dials the same servers on this loop, and outlives this object.
  Prober(asio::io_context& loop, ConnectOptions dial, BenchRunner* beside, ProbeLimits limits = {});

  /// Whether `target` may be probed within `timeout`. Where it was probed a moment ago it may not;
  /// where its server was dialled by the run or for another target, the probe will wait, half of
  /// `timeout` at most. It counts as probed from then on.
  std::optional<Refusal> begin(const Target& target, Moment timeout);

  /// To be called at once when begin() has refused nothing. A race, and then, where it has been
  /// won, a dial of the family that has not won it, alone: so no address is connected to more than
  /// once, and both families are known. Comes back within `timeout`.
  asio::awaitable<HostSamples> probe(Target target, bool until_banner, Moment timeout);

 private:
  using Clock = std::chrono::steady_clock;

  struct Probed {
    Clock::time_point at;              // may still come
    std::vector<std::string> servers;  // that it is known to lead to, and the target itself
  };

  Clock::time_point free_from(const std::vector<std::string>& servers) const;
  bool has_place();
  void learn(const std::string& host, const std::vector<Endpoint>& servers);
  asio::awaitable<void> dial(const Target& target,
                             const BenchMode& mode,
                             bool until_banner,
                             Clock::time_point deadline,
                             HostSamples& host);

  asio::io_context& loop_;
  std::shared_ptr<const ConnectOptions> dial_;
  BenchRunner* beside_;
  ProbeLimits limits_;
  std::size_t running_ = 0;
  std::map<std::string, Probed> probed_;  // by host_key
};

}  // namespace gladhand
