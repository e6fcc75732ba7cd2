#include "bench/prober.hpp"

#include <algorithm>
#include <utility>

#include "bench/mode_options.hpp"
#include "bench/one_dial.hpp"

namespace gladhand {

namespace {

// A place among those that are under way.
class Place {
 public:
  explicit Place(std::size_t& running) : running_(running) { ++running_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { --running_; }

 private:
  std::size_t& running_;
};

}  // namespace

Prober::Prober(asio::io_context& loop, ConnectOptions dial, ProbeLimits limits)
    : loop_(loop), dial_(std::move(dial)), limits_(limits) {}

std::optional<Prober::Refusal> Prober::begin(const Target& target) {
  if (running_ >= limits_.at_once) return Refusal::too_many;
  const Clock::time_point now = Clock::now();
  std::erase_if(probed_, [&](const auto& it) { return it.second + limits_.gap <= now; });
  const std::string host =
      (target.literal ? to_string(*target.literal) : target.name) + ' ' + std::to_string(target.port);
  if (probed_.contains(host)) return Refusal::too_often;
  if (probed_.size() >= limits_.remembered) return Refusal::too_many;
  probed_[host] = now;
  return std::nullopt;
}

asio::awaitable<HostSamples> Prober::probe(Target target, bool until_banner, Moment timeout) {
  const Place place(running_);
  const Clock::time_point deadline = Clock::now() + std::min(timeout, dial_.race.timeout);
  HostSamples host{.host = target.host, .port = target.service};
  host.modes.reserve(2);
  co_await dial(target, parse_modes("race").front(), until_banner, deadline, host);
  const auto address = host.address_of(host.modes[0], host.modes[0].samples[0]);
  const auto family = address ? address->family() : std::nullopt;
  const bool has_both = !target.literal && dial_.names.families.size() == 2;
  if (family && has_both)
    co_await dial(target,
                  parse_modes(*family == Family::ipv6 ? "v4" : "v6").front(),
                  false,
                  deadline,
                  host);
  co_return host;
}

asio::awaitable<void> Prober::dial(const Target& target,
                                   const BenchMode& mode,
                                   bool until_banner,
                                   Clock::time_point deadline,
                                   HostSamples& host) {
  SampleBuilder builder;
  Recorder recorder([&builder](const Event& event) { builder.take(event); });
  builder.begin();
  ConnectOptions options = options_for_mode(dial_, mode);
  options.race.timeout = std::max(
      Moment(1), std::chrono::duration_cast<Moment>(deadline - Clock::now()));
  AfterDial after;
  after.until_banner = until_banner;
  after.credentials = dial_.route.credentials;
  co_await make_dial(
      loop_,
      dial_through(loop_, target_for_mode(target, mode), std::move(options), deadline, recorder),
      after,
      deadline,
      Moment(0),
      builder,
      recorder);
  builder.store({}, host, host.modes.emplace_back(ModeSamples{.mode = mode.name}));
}

}  // namespace gladhand
