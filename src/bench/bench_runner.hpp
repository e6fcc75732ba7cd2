// BenchRunner: carries a Schedule out: many dials on one loop, each the connector's own, their
// events gathered as samples, their connections closed.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/loop_watch.hpp"
#include "bench/one_dial.hpp"
#include "connect/proxy_chain.hpp"
#include "samples/bench_mode.hpp"
#include "samples/host_list.hpp"
#include "samples/sample.hpp"
#include "samples/sample_builder.hpp"
#include "samples/schedule.hpp"

namespace gladhand {

struct BenchOptions {
  ConnectOptions dial;
  ScheduleOptions schedule;
  std::vector<BenchMode> modes;
  AfterDial after;
  bool forget = false;  ///< a sample is told, and not kept; no limit of this machine ends the run
  std::vector<Endpoint>
      sources;  ///< taken in turn, family by family: each has local ports of its own
};

/// What is dialled, and what the list of hosts says of it.
struct BenchTarget {
  Target target;
  Labels labels{};
};

/// Is told of every dial that counts, when it has ended: the last sample of `mode`, and when it
/// began.
using SampleSink =
    std::function<void(WallTime time, const HostSamples& host, const ModeSamples& mode)>;

struct BenchProgress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0: not known
  std::uint64_t failures = 0;
  Moment elapsed{};
};

class BenchRunner {
 public:
  /// `on_progress` is called a few times a second. Either function may be empty.
  BenchRunner(asio::io_context& loop,
              BenchOptions options,
              std::vector<BenchTarget> targets,
              std::function<void(const BenchProgress&)> on_progress,
              SampleSink on_sample = {});

  BenchRunner(const BenchRunner&) = delete;
  BenchRunner& operator=(const BenchRunner&) = delete;

  /// Runs the loop until every dial has ended or somebody has stopped it. Dials that a stop has
  /// interrupted stay as they are: this object and the loop must then live as long as the process.
  void run();

  /// Whether the first sample could have begun.
  bool has_begun() const { return schedule_.has_value(); }

  /// What there is by now: in a handler of the loop once it has begun, or when run() has returned.
  std::vector<HostSamples> take_hosts();

  /// Gives back what was taken, so that the run can go on.
  void give_back(std::vector<HostSamples> hosts) { hosts_ = std::move(hosts); }

  /// When the first sample could begin.
  WallTime began() const { return began_; }
  Moment elapsed() const;
  LoopLag lag() const { return watch_.lag(); }

  /// How long it is until all of `servers` may be dialled by somebody else: keys, of which the run
  /// may know some.
  Moment until_free(const std::vector<std::string>& servers) const;

  /// Somebody else dials `servers` at that time: the run's own dials keep their distance.
  void dialled_elsewhere(const std::vector<std::string>& servers,
                         std::chrono::steady_clock::time_point at);

  /// Why the run has ended before its time: dial after dial failed for this machine's own limit.
  const std::optional<std::string>& own_limit() const { return own_limit_; }

  /// Dials of an open loop that were due when the run ended, and had not begun.
  std::uint64_t never_begun() const;

 private:
  using Clock = std::chrono::steady_clock;

  struct ModePlan {
    BenchMode mode;
    std::shared_ptr<const ConnectOptions> options;
  };

  // Ten thousand of them are kept.
  struct Plan {
    std::unique_ptr<const Target> target{};  // empty for a name: its samples have that, too
    std::uint16_t port = 0;                  // of a name
    std::shared_ptr<const std::vector<ModePlan>> modes;  // one list for all hosts that are alike
    std::uint64_t dials = 0;                             // begun
  };

  void prepare();
  void start_clock();
  asio::awaitable<void> learn_by_turns();
  asio::awaitable<void> learn_addresses(std::size_t host);
  std::vector<ModePlan> plan_modes(const std::vector<BenchMode>& modes) const;
  Target target_of(std::size_t host) const;
  void list_modes();
  void begin();
  void end();
  void go_on();
  void set_alarm();
  void tick();
  static void forget(HostSamples& host, ModeSamples& mode);
  bool keeps_distance() const { return options_.schedule.gap.count() > 0; }
  void learn_servers(std::size_t host, const std::vector<Endpoint>& endpoints);
  void learn_server(std::size_t host, std::string key);
  void count_own_limits(const SampleBuilder& dial);
  asio::awaitable<void> work(Turn turn);
  asio::awaitable<void> measure(const Turn& turn, SampleBuilder& builder, Recorder& recorder);
  asio::awaitable<void> dial_once(std::size_t host,
                                  const ModePlan& planned,
                                  SampleBuilder& builder,
                                  Recorder& recorder);
  void spawn(asio::awaitable<void> task);
  void tell_progress();

  asio::io_context& loop_;
  BenchOptions options_;
  std::shared_ptr<const ConnectOptions> usual_;  // of a dial in most modes
  std::vector<Plan> plans_;
  std::function<void(const BenchProgress&)> on_progress_;
  SampleSink on_sample_;
  std::vector<HostSamples> hosts_;
  std::size_t next_to_learn_ = 0;
  std::size_t learners_ = 0;
  std::optional<Schedule> schedule_;
  std::map<std::string, std::size_t> servers_;  // by key
  Clock::time_point start_;
  WallTime began_{};  // the same
  asio::steady_timer alarm_;
  LoopWatch watch_;
  unsigned ticks_ = 0;
  unsigned own_limits_ = 0;  // dials in a row that met one
  Moment own_limits_since_{};
  std::optional<std::string> own_limit_;
  std::uint64_t done_ = 0;
  std::uint64_t failures_ = 0;
  bool ended_ = false;
};

}  // namespace gladhand
