#include "names/server_race.hpp"

#include <algorithm>
#include <utility>

namespace gladhand {

namespace {

bool denies(AnswerStatus status) {
  return status == AnswerStatus::no_address || status == AnswerStatus::no_such_name;
}

// What tells a person most, when servers failed differently.
int weight(AnswerStatus status) {
  if (status == AnswerStatus::server_failure) return 2;
  return status == AnswerStatus::bad_answer ? 1 : 0;
}

}  // namespace

ServerRace::ServerRace(const Options& options, Moment now)
    : options_(options), servers_(options.servers), end_(now + options.timeout) {}

std::vector<ServerRace::Ask> ServerRace::begin() {
  ask_next(AskReason::first, end_ - options_.timeout);
  return std::exchange(orders_, {});
}

std::vector<ServerRace::Ask> ServerRace::take(ServerId server, AnswerStatus said, Moment now) {
  const bool has_denied = servers_[server].said && denies(*servers_[server].said);
  if (verdict_ || (has_denied && said != AnswerStatus::addresses)) return {};
  servers_[server].open = false;
  servers_[server].repeat_at.reset();
  servers_[server].said = said;
  if (said == AnswerStatus::addresses) {
    verdict_ = {said, server};
  } else if (denies(said)) {
    denied(server, said, now);
  } else {
    failed(server, now);
  }
  return std::exchange(orders_, {});
}

// Horizons may be split: while another server that was asked may still know better, it is waited
// for as long as a race waits for the preferred family.
void ServerRace::denied(ServerId server, AnswerStatus said, Moment now) {
  if (!hold_until_) hold_until_ = now + options_.resolution_delay;
  if (!anybody_open()) verdict_ = {said, server};
}

void ServerRace::failed(ServerId server, Moment now) {
  Server& it = servers_[server];
  ++it.failures;
  if (hold_until_) {
    if (!anybody_open()) give_up();
    return;
  }
  if (it.failures < options_.failures) it.repeat_at = now + options_.attempt_delay;
  if (has_unasked()) return ask_next(reason_of(it), now);
  if (anybody_open()) return;
  const auto next = std::ranges::min_element(servers_, {}, &Server::failures);
  if (next->failures >= options_.failures) return give_up();
  ask(static_cast<ServerId>(next - servers_.begin()), reason_of(it), now);
}

std::vector<ServerRace::Ask> ServerRace::truncated(ServerId server, bool partial, Moment now) {
  Server& it = servers_[server];
  it.partial = it.partial || partial;
  if (verdict_ || it.over_tcp) return {};
  it.over_tcp = true;
  ask(server, AskReason::truncated, now);
  it.repeat_at.reset();  // the kernel repeats what is sent over TCP
  if (has_unasked()) next_at_ = now + options_.attempt_delay;
  return std::exchange(orders_, {});
}

std::vector<ServerRace::Ask> ServerRace::pass_time(Moment now) {
  if (verdict_) return {};
  if (now >= end_ || (hold_until_ && now >= *hold_until_)) {
    give_up();
    return {};
  }
  if (hold_until_) return {};
  for (ServerId i = 0; i < asked_; ++i)
    if (servers_[i].repeat_at && *servers_[i].repeat_at <= now)
      ask(i, servers_[i].open ? AskReason::no_answer : reason_of(servers_[i]), now);
  if (next_at_ && *next_at_ <= now) ask_next(AskReason::no_answer, now);
  return std::exchange(orders_, {});
}

std::optional<Moment> ServerRace::deadline() const {
  if (verdict_) return std::nullopt;
  if (hold_until_) return std::min(*hold_until_, end_);
  Moment earliest = end_;
  if (next_at_) earliest = std::min(earliest, *next_at_);
  for (const Server& server : servers_)
    if (server.repeat_at) earliest = std::min(earliest, *server.repeat_at);
  return earliest;
}

bool ServerRace::silent(ServerId server) const {
  const Server& it = servers_[server];
  return !it.over_tcp && it.said.value_or(AnswerStatus::no_answer) == AnswerStatus::no_answer;
}

void ServerRace::ask(ServerId server, AskReason reason, Moment now) {
  Server& it = servers_[server];
  it.gap = it.sends == 0 ? std::max(delay_of(server), options_.attempt_delay) : it.gap * 2;
  ++it.sends;
  it.open = true;
  it.repeat_at.reset();
  if (it.sends < options_.sends) it.repeat_at = now + it.gap;
  orders_.push_back({server, reason, it.sends});
}

void ServerRace::ask_next(AskReason reason, Moment now) {
  const ServerId next = asked_++;
  next_at_.reset();
  if (has_unasked()) next_at_ = now + delay_of(next);
  ask(next, reason, now);
}

Moment ServerRace::delay_of(ServerId server) const {
  const auto& known = options_.known_delays;
  return server < known.size() ? known[server].value_or(options_.attempt_delay)
                               : options_.attempt_delay;
}

bool ServerRace::anybody_open() const {
  return std::ranges::any_of(servers_, &Server::open);
}

AskReason ServerRace::reason_of(const Server& server) {
  if (server.said == AnswerStatus::no_answer) return AskReason::unreachable;
  return server.said == AnswerStatus::bad_answer ? AskReason::bad_answer
                                                 : AskReason::server_failure;
}

// The best that is known: addresses of an answer that was cut, a denial, the most telling failure.
void ServerRace::give_up() {
  verdict_ = {AnswerStatus::no_answer, 0};
  for (ServerId i = asked_; i-- > 0;) {
    const Server& server = servers_[i];
    if (server.said && denies(*server.said)) verdict_ = {*server.said, i};
  }
  for (ServerId i = asked_; i-- > 0;)
    if (servers_[i].partial) verdict_ = {AnswerStatus::addresses, i};
  if (verdict_->status != AnswerStatus::no_answer) return;
  for (const Server& server : servers_)
    if (server.said && weight(*server.said) > weight(verdict_->status))
      verdict_->status = *server.said;
}

}  // namespace gladhand
