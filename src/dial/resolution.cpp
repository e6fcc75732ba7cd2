#include "dial/resolution.hpp"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <system_error>
#include <utility>

#include "dial/system_policy.hpp"
#include "dns/network.hpp"

namespace gladhand {

namespace {

RaceOptions one_at_a_time(RaceOptions race) {
  race.timeout = std::chrono::hours(24);  // who asks for an address has a deadline
  race.overlap = AttemptOverlap::none;
  race.one_by_one.reset();
  return race;
}

}  // namespace

Resolution::Resolution(asio::io_context& loop,
                       Target target,
                       const NameOptions& names,
                       const RaceOptions& race,
                       Report report)
    : loop_(loop),
      target_(std::move(target)),
      names_(names),
      report_(std::move(report)),
      resolution_delay_(race.resolution_delay),
      race_(one_at_a_time(race), system_policy()),
      deadline_(Clock::now() + race.timeout),
      wakeup_timer_(loop) {}

asio::awaitable<std::optional<Endpoint>> Resolution::next(Clock::time_point deadline) {
  if (!std::exchange(begun_, true)) begin();
  if (source_.refusal) co_return std::nullopt;
  take_in();
  if (returned_)
    tell(AttemptFailed{*std::exchange(returned_, {}),
                       std::make_error_code(std::errc::host_unreachable)});
  for (;;) {
    take_in();
    const auto timer = race_.deadline();
    if (timer && *timer <= now()) tell(TimePassed{});
    if (offered_) break;
    if (race_.finished() || Clock::now() >= deadline) co_return std::nullopt;
    if (!inbox_.empty() || (timer && *timer <= now())) continue;
    wakeup_timer_.expires_at(std::min(deadline, began_ + *timer));
    std::error_code rung;
    co_await wakeup_timer_.async_wait(asio::redirect_error(asio::use_awaitable, rung));
  }
  returned_ = offered_->attempt;
  co_return std::exchange(offered_, {})->endpoint;
}

void Resolution::begin() {
  const SocketSettings nothing;
  Network network(nothing);
  source_ = find_name_source(target_, names_, network);
  source_.delays.resolution = resolution_delay_;
  if (source_.refusal) return;
  DialStarted started;
  for (const Endpoint& endpoint : source_.known) started.known.push_back({endpoint, {}});
  if (!source_.questions.empty()) {
    started.questions = names_.families;
    if (source_.conf.no_aaaa) std::erase(started.questions, Family::ipv6);
  }
  names_.families = started.questions;
  tell(started);
}

void Resolution::take_in() {
  while (!inbox_.empty()) {
    const Fact fact = std::move(inbox_.front());
    inbox_.pop_front();
    tell(fact);
  }
}

void Resolution::tell(const Fact& fact) {
  for (const Action& action : race_.step(fact, now())) {
    if (const auto* query = std::get_if<SendQuery>(&action)) ask(query->family);
    if (const auto* start = std::get_if<StartAttempt>(&action)) offered_ = *start;
  }
}

void Resolution::ask(Family family) {
  if (!lookup_) lookup_.emplace(loop_, target_, source_, names_.families, deadline_, listener());
  if (report_) report_(SendQuery{family, lookup_->name()});
  lookup_->ask(family);
}

NameLookup::Listener Resolution::listener() {
  return {
      [this](const NameLookup::Answer& answer) { received(answer); },
      [this](const std::vector<Endpoint>& found) {
        AddressesFound fact;
        for (const Endpoint& endpoint : found) fact.candidates.push_back({endpoint, {}});
        if (report_) report_(fact);
        inbox_.push_back(std::move(fact));
        wakeup_timer_.cancel();
      },
      report_,
  };
}

void Resolution::received(const NameLookup::Answer& answer) {
  AnswerReceived fact{answer.family, answer.status, {}, answer.source};
  for (const Endpoint& endpoint : answer.addresses) fact.candidates.push_back({endpoint, {}});
  if (report_) report_(fact);
  inbox_.push_back(std::move(fact));
  wakeup_timer_.cancel();
}

std::size_t Resolution::left() {
  take_in();
  return std::min<std::size_t>(race_.waiting() + (race_.all_answered() ? 0 : 1),
                               race_.attempts_left());
}

}  // namespace gladhand
