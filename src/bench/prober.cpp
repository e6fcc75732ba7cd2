#include "bench/prober.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "bench/mode_options.hpp"
#include "bench/one_dial.hpp"
#include "bench/server_key.hpp"

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

bool have_one_in_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::find_first_of(a, b) != a.end();
}

}  // namespace

Prober::Prober(asio::io_context& loop, ConnectOptions dial, BenchRunner* beside, ProbeLimits limits)
    : loop_(loop),
      dial_(std::make_shared<const ConnectOptions>(std::move(dial))),
      beside_(beside),
      limits_(limits) {}

std::optional<Prober::Refusal> Prober::begin(const Target& target, Moment timeout) {
  if (running_ >= limits_.at_once) return Refusal::too_many;
  const Clock::time_point now = Clock::now();
  const std::string host = host_key(target);
  const auto before = probed_.find(host);
  if (before != probed_.end() && before->second.at + limits_.gap > now) return Refusal::too_often;
  if (before == probed_.end() && !has_place()) return Refusal::too_many;
  std::vector<std::string> servers = {host};
  if (before != probed_.end()) {
    servers = before->second.servers;
  } else if (target.literal) {
    servers.push_back(server_key(*target.literal));
  }
  const Clock::time_point at = std::max(now, free_from(servers));
  if (at - now > timeout / 2) return Refusal::too_often;
  if (beside_) beside_->dialled_elsewhere(servers, at);
  probed_[host] = {at, std::move(servers)};
  return std::nullopt;
}

// Those that were probed long ago make room.
bool Prober::has_place() {
  if (probed_.size() < limits_.remembered) return true;
  const Clock::time_point now = Clock::now();
  std::erase_if(probed_, [&](const auto& it) { return it.second.at + limits_.gap <= now; });
  return probed_.size() < limits_.remembered;
}

Prober::Clock::time_point Prober::free_from(const std::vector<std::string>& servers) const {
  Clock::time_point at{};
  for (const auto& [host, probed] : probed_)
    if (have_one_in_common(probed.servers, servers)) at = std::max(at, probed.at + limits_.gap);
  if (beside_) at = std::max(at, Clock::now() + beside_->until_free(servers));
  return at;
}

// The next probe of `host` knows where it leads; so does the run that dials beside it.
void Prober::learn(const std::string& host, const std::vector<Endpoint>& servers) {
  constexpr std::size_t most = 64;
  const auto it = probed_.find(host);
  if (it == probed_.end() || dial_->route.has_proxies()) return;
  std::vector<std::string>& known = it->second.servers;
  for (const Endpoint& server : servers) {
    std::string key = server_key(server);
    if (known.size() < most && std::ranges::find(known, key) == known.end())
      known.push_back(std::move(key));
  }
  if (beside_) beside_->dialled_elsewhere(known, it->second.at);
}

asio::awaitable<HostSamples> Prober::probe(Target target, bool until_banner, Moment timeout) {
  const Place place(running_);
  const Clock::time_point deadline = Clock::now() + std::min(timeout, dial_->race.timeout);
  asio::steady_timer turn(loop_, probed_.at(host_key(target)).at);
  if (turn.expiry() > Clock::now()) co_await turn.async_wait(asio::use_awaitable);
  HostSamples host{.host = target.host, .port = target.service};
  host.modes.reserve(2);
  co_await dial(target, parse_modes("race").front(), until_banner, deadline, host);
  const auto address = host.address_of(host.modes[0], host.modes[0].samples[0]);
  const auto family = address ? address->family() : std::nullopt;
  const bool has_both = !target.literal && dial_->names.families.size() == 2;
  if (family && has_both)
    co_await dial(
        target, parse_modes(*family == Family::ipv6 ? "v4" : "v6").front(), false, deadline, host);
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
  const auto options = std::make_shared<ConnectOptions>(*options_for_mode(dial_, mode));
  options->race.timeout =
      std::max(Moment(1), std::chrono::duration_cast<Moment>(deadline - Clock::now()));
  AfterDial after;
  after.until_banner = until_banner;
  after.credentials = dial_->route.credentials;
  co_await make_dial(
      loop_,
      dial_through(loop_, target_for_mode(target, mode), options, deadline, recorder),
      after,
      deadline,
      Moment(0),
      builder,
      recorder);
  learn(host_key(target), builder.tried());
  builder.store({}, host, host.modes.emplace_back(ModeSamples{.mode = mode.name}));
}

}  // namespace gladhand
