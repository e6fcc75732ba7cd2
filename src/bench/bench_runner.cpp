#include "bench/bench_runner.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "bench/address_modes.hpp"
#include "bench/mode_options.hpp"
#include "bench/one_dial.hpp"
#include "bench/server_key.hpp"
#include "connect/proxy_chain.hpp"

namespace gladhand {

namespace {

constexpr unsigned ticks_between_progress = 20;

// What the kernel is asked of the network is not what is measured; but a run may last for days.
constexpr auto network_validity = std::chrono::seconds(1);

bool asks_for_addresses(const BenchMode& mode) {
  return mode.kind == BenchMode::Kind::each;
}

bool is_race(const BenchMode& mode) {
  return mode.kind == BenchMode::Kind::race;
}

}  // namespace

BenchRunner::BenchRunner(asio::io_context& loop,
                         BenchOptions options,
                         std::vector<BenchTarget> targets,
                         std::function<void(const BenchProgress&)> on_progress,
                         SampleSink on_sample)
    : loop_(loop),
      options_(std::move(options)),
      on_progress_(std::move(on_progress)),
      on_sample_(std::move(on_sample)),
      alarm_(loop),
      watch_(loop, [this] { tick(); }) {
  options_.after.credentials = options_.dial.route.credentials;
  if (options_.sources.empty())
    options_.dial.network =
        std::make_shared<Network>(options_.dial.attempt.socket, network_validity);
  usual_ = std::make_shared<const ConnectOptions>(options_.dial);
  const auto modes = std::make_shared<const std::vector<ModePlan>>(plan_modes(options_.modes));
  plans_.reserve(targets.size());
  hosts_.reserve(targets.size());
  for (BenchTarget& it : targets) {
    Target& target = it.target;
    hosts_.push_back({.host = target.host, .port = target.service, .labels = std::move(it.labels)});
    plans_.push_back({.port = target.port, .modes = modes});
    if (target.name.empty() || target.kind != Target::Kind::internet)
      plans_.back().target = std::make_unique<const Target>(std::move(target));
  }
}

std::vector<BenchRunner::ModePlan> BenchRunner::plan_modes(
    const std::vector<BenchMode>& modes) const {
  std::vector<ModePlan> plans;
  plans.reserve(modes.size());
  for (const BenchMode& mode : modes) plans.push_back({mode, options_for_mode(usual_, mode)});
  return plans;
}

Target BenchRunner::target_of(std::size_t host) const {
  const Plan& plan = plans_[host];
  if (plan.target) return *plan.target;
  Target name;
  name.host = name.name = hosts_[host].host;
  name.service = hosts_[host].port;
  name.port = plan.port;
  return name;
}

void BenchRunner::run() {
  prepare();
  loop_.run();
}

std::vector<HostSamples> BenchRunner::take_hosts() {
  if (hosts_.front().modes.empty()) list_modes();  // the addresses are not known yet
  return std::move(hosts_);
}

Moment BenchRunner::elapsed() const {
  return std::chrono::duration_cast<Moment>(Clock::now() - start_);
}

// What a dial has thrown is a sample's end by then (see dial_once). What else is thrown, a lack of
// memory, ends the run.
void BenchRunner::spawn(asio::awaitable<void> task) {
  asio::co_spawn(loop_, std::move(task), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

// --- before the first sample ---------------------------------------------------------------

void BenchRunner::start_clock() {
  start_ = Clock::now();
  began_ = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

void BenchRunner::prepare() {
  start_clock();
  if (std::ranges::any_of(options_.modes, asks_for_addresses))
    learners_ = std::min<std::size_t>(plans_.size(), options_.schedule.concurrency);
  if (learners_ == 0) begin();
  for (std::size_t i = learners_; i > 0; --i) spawn(learn_by_turns());
}

asio::awaitable<void> BenchRunner::learn_by_turns() {
  while (next_to_learn_ < plans_.size()) co_await learn_addresses(next_to_learn_++);
  if (--learners_ == 0) begin();
}

asio::awaitable<void> BenchRunner::learn_addresses(std::size_t host) {
  const Moment bound = options_.schedule.duration;
  Moment left = options_.dial.race.timeout;
  if (bound.count() > 0) left = std::min(left, bound - elapsed());
  std::vector<BenchMode> found;
  if (left.count() > 0)
    found = co_await find_address_modes(
        loop_, target_of(host), options_.dial.of_dial(), Clock::now() + left);
  Plan& plan = plans_[host];
  std::vector<ModePlan> modes = *plan.modes;
  const auto at = modes.erase(std::ranges::find_if(modes, asks_for_addresses, &ModePlan::mode));
  // A host without addresses is not left out: that its dials fail is what there is to say of it.
  if (found.empty() && std::ranges::none_of(modes, is_race, &ModePlan::mode))
    found = parse_modes("race");
  const std::vector<ModePlan> planned = plan_modes(found);
  modes.insert(at, planned.begin(), planned.end());
  plan.modes = std::make_shared<const std::vector<ModePlan>>(std::move(modes));
}

void BenchRunner::list_modes() {
  const std::size_t samples = options_.forget ? 1 : std::min(options_.schedule.samples, 1000U);
  const std::size_t questions = options_.dial.names.families.size();
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    std::vector<ModeSamples>& modes = hosts_[i].modes;
    modes.reserve(plans_[i].modes->size());
    for (const auto& [mode, options] : *plans_[i].modes) {
      ModeSamples& of_mode = modes.emplace_back(ModeSamples{.mode = mode.name});
      // Lists that double as they grow, between the dials of ten thousand hosts, would take twice
      // as much memory.
      of_mode.samples.reserve(samples);
      of_mode.attempts.reserve(samples);
      if (!plans_[i].target) of_mode.queries.reserve(samples * questions);
    }
  }
}

// Samples count from here, but the time for the run has run before.
void BenchRunner::begin() {
  list_modes();
  Moment& duration = options_.schedule.duration;
  const bool bounded = duration.count() > 0;
  if (bounded) duration -= elapsed();
  if (bounded && duration.count() <= 0) return end();
  std::vector<std::size_t> modes;
  for (const Plan& plan : plans_) modes.push_back(plan.modes->size());
  schedule_.emplace(options_.schedule, modes);
  for (std::size_t i = 0; keeps_distance() && i < plans_.size(); ++i) {
    if (options_.forget) learn_server(i, host_key(target_of(i)));  // who probes may know no more
    if (plans_[i].target && plans_[i].target->literal)
      learn_servers(i, {*plans_[i].target->literal});
    for (const auto& [mode, options] : *plans_[i].modes)
      if (mode.address) learn_servers(i, {*mode.address});
  }
  start_clock();
  watch_.begin();
  go_on();
}

void BenchRunner::end() {
  ended_ = true;
  alarm_.cancel();
  watch_.end();
  tell_progress();
  loop_.stop();
}

// --- the schedule --------------------------------------------------------------------------

void BenchRunner::go_on() {
  if (ended_) return;
  while (const auto turn = schedule_->next(elapsed())) spawn(work(*turn));
  if (schedule_->finished(elapsed())) return end();
  set_alarm();
}

// What was due a moment ago is on its way to begin.
std::uint64_t BenchRunner::never_begun() const {
  constexpr Moment moment = std::chrono::milliseconds(20);
  return schedule_ ? schedule_->overdue(elapsed() - moment) : 0;
}

// Two names of one server are not dialled as if they were two. Behind a proxy nobody here knows.
void BenchRunner::learn_servers(std::size_t host, const std::vector<Endpoint>& endpoints) {
  if (options_.dial.route.has_proxies()) return;
  for (const Endpoint& endpoint : endpoints) learn_server(host, server_key(endpoint));
}

void BenchRunner::learn_server(std::size_t host, std::string key) {
  const std::size_t most = 4096 + 4 * plans_.size();  // names may lead elsewhere each time
  if (servers_.size() >= most) return;
  schedule_->learn(host, servers_.try_emplace(std::move(key), servers_.size()).first->second);
}

Moment BenchRunner::until_free(const std::vector<std::string>& servers) const {
  Moment until{};
  for (const std::string& key : servers)
    if (const auto known = servers_.find(key); known != servers_.end())
      until = std::max(until, schedule_->free_from(known->second) - elapsed());
  return until;
}

void BenchRunner::dialled_elsewhere(const std::vector<std::string>& servers, Clock::time_point at) {
  const Moment until =
      std::chrono::duration_cast<Moment>(at - start_) + options_.schedule.server_gap;
  for (const std::string& key : servers)
    if (const auto known = servers_.find(key); known != servers_.end())
      schedule_->occupy(known->second, until);
}

void BenchRunner::set_alarm() {
  const auto wake = schedule_->wake();
  if (!wake) return;
  const Clock::time_point at = start_ + *wake;
  if (alarm_.expiry() > Clock::now() && alarm_.expiry() <= at) return;
  alarm_.expires_at(at);
  alarm_.async_wait([this](std::error_code canceled) {
    if (!canceled) go_on();
  });
}

void BenchRunner::tick() {
  if (++ticks_ % ticks_between_progress == 0) tell_progress();
}

void BenchRunner::tell_progress() {
  const std::uint64_t total = schedule_ ? schedule_->total() : 0;
  if (on_progress_) on_progress_({done_, total, failures_, elapsed()});
}

// --- one dial after another ----------------------------------------------------------------

asio::awaitable<void> BenchRunner::work(Turn turn) {
  SampleBuilder builder;
  Recorder recorder([&builder](const Event& event) { builder.take(event); });
  for (;;) {
    co_await measure(turn, builder, recorder);
    // Over loopback it may have ended without a wait: now it is the others' turn, and the clock's.
    co_await asio::post(loop_, asio::use_awaitable);
    const Moment now = elapsed();
    schedule_->ended(turn, now);
    const auto next = schedule_->next(now);
    if (!next) break;
    turn = *next;
    set_alarm();
  }
  go_on();
}

asio::awaitable<void> BenchRunner::measure(const Turn& turn,
                                           SampleBuilder& builder,
                                           Recorder& recorder) {
  const auto modes = plans_[turn.host].modes;
  const Moment started = elapsed();
  builder.begin();
  co_await dial_once(turn.host, (*modes)[turn.mode], builder, recorder);
  ++done_;
  if (!builder.connected()) ++failures_;
  count_own_limits(builder);
  if (keeps_distance()) learn_servers(turn.host, builder.tried());
  if (turn.warmup) co_return;
  HostSamples& host = hosts_[turn.host];
  const Moment intended = options_.schedule.rate ? turn.intended : started;
  const Moment lag = std::max(started - turn.due, watch_.worst_since(start_ + started));
  builder.store({turn.number, intended, started, lag}, host, host.modes[turn.mode]);
  if (on_sample_) on_sample_(began_ + started, host, host.modes[turn.mode]);
  if (options_.forget) forget(host, host.modes[turn.mode]);
}

void BenchRunner::forget(HostSamples& host, ModeSamples& mode) {
  mode.samples.clear();
  mode.queries.clear();
  mode.attempts.clear();
  host.addresses.clear();
  host.locals.clear();
  host.texts.clear();
}

// A run that has nothing else to measure ends.
void BenchRunner::count_own_limits(const SampleBuilder& dial) {
  constexpr unsigned several = 10;
  constexpr Moment long_enough = std::chrono::seconds(1);
  if (dial.outcome() != SampleOutcome::ours) {
    own_limits_ = 0;
    return;
  }
  if (own_limits_++ == 0) own_limits_since_ = elapsed();
  if (options_.forget || own_limit_ || own_limits_ < several ||
      elapsed() - own_limits_since_ < long_enough)
    return;
  own_limit_ = dial.error();
  asio::post(loop_, [this] { end(); });
}

// No coroutine of its own: what the dial takes is not kept here while it runs.
asio::awaitable<void> BenchRunner::dial_once(std::size_t host,
                                             const ModePlan& planned,
                                             SampleBuilder& builder,
                                             Recorder& recorder) {
  std::shared_ptr<const ConnectOptions> options = planned.options;
  if (!options_.sources.empty())
    options = options_for_turn(options, options_.sources, plans_[host].dials);
  ++plans_[host].dials;
  const Moment timeout = options_.dial.race.timeout;
  const bool sequential = planned.mode.kind == BenchMode::Kind::sequential;
  const Moment patience = sequential ? timeout : Moment(0);
  const Clock::time_point now = Clock::now();
  const Clock::time_point deadline = now + options->race.timeout;
  auto dialling = dial_through(loop_,
                               target_for_mode(target_of(host), planned.mode),
                               std::move(options),
                               deadline,
                               recorder);
  return make_dial(
      loop_, std::move(dialling), options_.after, now + timeout, patience, builder, recorder);
}

}  // namespace gladhand
