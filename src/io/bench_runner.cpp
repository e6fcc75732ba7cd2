#include "bench_runner.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <exception>
#include <iterator>
#include <utility>

#include "first_line.hpp"
#include "gladhand/error.hpp"
#include "gladhand/statistics.hpp"
#include "tunnel.hpp"

namespace gladhand {

namespace {

constexpr std::chrono::milliseconds lag_interval{10};
constexpr unsigned ticks_between_progress = 20;

// A loop over getaddrinfo(3) has no bound but those of each address.
constexpr std::chrono::hours no_bound{1};

// The source of each family that it is the turn of.
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

DialOptions shape(DialOptions options, const BenchMode& mode) {
  switch (mode.kind) {
    case BenchMode::Kind::family: options.names.families = {mode.family}; break;
    case BenchMode::Kind::delay: options.race.connection_attempt_delay = mode.delay; break;
    case BenchMode::Kind::sequential:
      options.race.one_by_one = options.race.timeout;
      options.race.timeout = no_bound;
      break;
    default: break;
  }
  return options;
}

Target aim(Target target, const BenchMode& mode) {
  if (mode.address) {
    target.name.clear();
    target.literal = mode.address;
  }
  return target;
}

// What a dial says of itself where its race did not decide.
SampleOutcome outcome_of(const Error& failure) {
  switch (failure.status()) {
    case ExitStatus::timed_out: return SampleOutcome::timed_out;
    case ExitStatus::no_address: return SampleOutcome::no_address;
    default: return SampleOutcome::failed;
  }
}

void close_with_reset(UniqueFd fd) {
  const linger none{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

}  // namespace

BenchRunner::BenchRunner(asio::io_context& loop,
                         BenchOptions options,
                         std::vector<Target> targets,
                         std::function<void(const BenchProgress&)> on_progress)
    : loop_(loop),
      options_(std::move(options)),
      on_progress_(std::move(on_progress)),
      alarm_(loop),
      lag_timer_(loop) {
  plans_.reserve(targets.size());
  for (Target& target : targets) plans_.push_back({std::move(target), options_.modes});
}

void BenchRunner::run() {
  spawn(prepare());
  loop_.run();
}

Moment BenchRunner::elapsed() const {
  return std::chrono::duration_cast<Moment>(Clock::now() - start_);
}

// A task that throws ends the run: what a dial may throw has become a sample by then.
void BenchRunner::spawn(asio::awaitable<void> task) {
  asio::co_spawn(loop_, std::move(task), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

// --- before the first sample ---------------------------------------------------------------

asio::awaitable<void> BenchRunner::prepare() {
  start_ = Clock::now();
  for (Plan& plan : plans_) {
    const bool asks =
        std::ranges::find(plan.modes, BenchMode::Kind::each, &BenchMode::kind) != plan.modes.end();
    if (asks) co_await learn_addresses(plan);
  }
  begin();
}

// One dial a family: a race might end before the slower answer has come.
asio::awaitable<void> BenchRunner::learn_addresses(Plan& plan) {
  std::vector<BenchMode> found;
  const auto add = [&found](const std::vector<Candidate>& candidates) {
    for (const Candidate& candidate : candidates) {
      BenchMode mode = address_mode(candidate.endpoint);
      if (std::ranges::find(found, mode.name, &BenchMode::name) == found.end())
        found.push_back(std::move(mode));
    }
  };
  const EventSink sink = [&add](const Event& event) {
    if (const auto* begun = std::get_if<DialStarted>(&event.body)) add(begun->known);
    if (const auto* answer = std::get_if<AnswerReceived>(&event.body)) add(answer->candidates);
  };
  for (const Family family : options_.dial.names.families) {
    DialOptions options = options_.dial;
    options.names.families = {family};
    try {
      co_await dial(loop_, plan.target, std::move(options), sink);
    } catch (const Error&) {  // the samples to come will say it
    }
  }
  const auto at = std::ranges::find(plan.modes, BenchMode::Kind::each, &BenchMode::kind);
  plan.modes.insert(plan.modes.erase(at), found.begin(), found.end());
}

void BenchRunner::begin() {
  std::vector<std::size_t> modes;
  hosts_.reserve(plans_.size());
  for (const Plan& plan : plans_) {
    modes.push_back(plan.modes.size());
    HostSamples host{.host = plan.target.host, .port = plan.target.service};
    for (const BenchMode& mode : plan.modes) {
      host.modes.push_back({.mode = mode.name});
      host.modes.back().samples.reserve(std::min(options_.schedule.samples, 1000U));
    }
    hosts_.push_back(std::move(host));
  }
  schedule_.emplace(options_.schedule, modes);
  start_ = Clock::now();
  lag_expected_ = start_;
  watch_lag();
  go_on();
}

// --- the schedule --------------------------------------------------------------------------

void BenchRunner::go_on() {
  if (ended_) return;
  while (const auto turn = schedule_->next(elapsed())) spawn(work(*turn));
  if (schedule_->finished(elapsed())) {
    ended_ = true;
    alarm_.cancel();
    lag_timer_.cancel();
    tell_progress();
    loop_.stop();
    return;
  }
  set_alarm();
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

// How long a timer that is due waits for its turn is how long a socket that is ready does.
void BenchRunner::watch_lag() {
  lag_expected_ = std::max(lag_expected_ + lag_interval, Clock::now());
  lag_timer_.expires_at(lag_expected_);
  lag_timer_.async_wait([this](std::error_code canceled) {
    if (canceled) return;
    const auto lag = std::chrono::duration_cast<Moment>(Clock::now() - lag_expected_);
    lags_.push_back(static_cast<double>(lag.count()));
    if (++ticks_ % ticks_between_progress == 0) tell_progress();
    watch_lag();
  });
}

LoopLag BenchRunner::lag() const {
  std::vector<double> sorted = lags_;
  std::ranges::sort(sorted);
  const auto at = [&sorted](double percent) {
    return Moment(static_cast<Moment::rep>(percentile(sorted, percent)));
  };
  return {at(50), at(90)};
}

void BenchRunner::tell_progress() {
  if (on_progress_) on_progress_({done_, schedule_->total(), failures_, elapsed()});
}

// --- one dial after another ----------------------------------------------------------------

asio::awaitable<void> BenchRunner::work(Turn turn) {
  SampleBuilder builder;
  for (;;) {
    co_await measure(turn, builder);
    schedule_->ended(turn, elapsed());
    const auto next = schedule_->next(elapsed());
    if (!next) break;
    turn = *next;
    set_alarm();
  }
  go_on();
}

asio::awaitable<void> BenchRunner::measure(const Turn& turn, SampleBuilder& builder) {
  const Plan& plan = plans_[turn.host];
  const Moment started = elapsed();
  builder.begin();
  co_await dial_once(plan, plan.modes[turn.mode], builder);
  ++done_;
  if (!builder.connected()) ++failures_;
  if (turn.warmup) co_return;
  HostSamples& host = hosts_[turn.host];
  const Moment intended = options_.schedule.rate ? turn.intended : started;
  builder.store({turn.number, intended, started}, host, host.modes[turn.mode]);
}

asio::awaitable<void> BenchRunner::dial_once(const Plan& plan,
                                             const BenchMode& mode,
                                             SampleBuilder& builder) {
  const Clock::time_point start = Clock::now();
  const auto since_start = [start] {
    return std::chrono::duration_cast<Moment>(Clock::now() - start);
  };
  DialResult result;
  DialOptions options = shape(options_.dial, mode);
  if (!options_.sources.empty())
    options.attempt.socket.bind = sources_of_turn(options_.sources, done_);
  try {
    result = co_await dial_through(
        loop_, aim(plan.target, mode), std::move(options), [&builder](const Event& event) {
          builder.take(event);
        });
    if (result.failure)
      builder.fail(outcome_of(*result.failure), result.failure->what(), since_start());
  } catch (const std::exception& error) {
    builder.fail(SampleOutcome::failed, error.what(), since_start());
  }
  if (!result.socket) co_return;
  if (options_.until_banner) {
    const Clock::time_point from = mode.kind == BenchMode::Kind::sequential ? Clock::now() : start;
    builder.set_banner(co_await read_first_line(
        loop_, result.socket.get(), start, from + options_.dial.race.timeout));
  }
  if (options_.reset) close_with_reset(std::move(result.socket));
}

}  // namespace gladhand
