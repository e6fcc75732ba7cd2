#include "race/race.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <iterator>
#include <system_error>
#include <utility>

#include "race/order.hpp"

namespace gladhand {

namespace {

// A family that is broken on this network is not waited for, unless there is no other.
Family preferred_by(const RaceOptions& options, const PolicyTable& policy) {
  if (options.preferred_family) return *options.preferred_family;
  const Family usual = policy.preferred_family();
  return options.history && broken_family(*options.history) == usual ? other(usual) : usual;
}

}  // namespace

bool is_own_shortage(const std::error_code& cause) {
  return cause == std::errc::too_many_files_open ||
         cause == std::errc::too_many_files_open_in_system || cause == std::errc::no_buffer_space ||
         cause == std::errc::not_enough_memory;
}

Race::Race(const RaceOptions& options, PolicyTable policy)
    : options_(options),
      policy_(std::move(policy)),
      preferred_(preferred_by(options, policy_)),
      preparation_(options.prepare ? Preparation::due : Preparation::none) {
  options_.connection_attempt_delay = std::clamp(options_.connection_attempt_delay,
                                                 min_connection_attempt_delay,
                                                 max_connection_attempt_delay);
}

std::vector<Action> Race::step(const Fact& fact, Moment now) {
  assert(now >= now_);
  now_ = std::max(now, now_);
  actions_.clear();
  actions_.reserve(4);  // the most that a dial of one address takes
  std::visit([this](const auto& it) { on(it); }, fact);
  if (!finished_) go_on();
  return std::exchange(actions_, {});
}

std::optional<Moment> Race::deadline() const {
  if (finished_) return std::nullopt;
  Moment earliest = options_.timeout;
  if (resolution_delay_until_) earliest = std::min(earliest, *resolution_delay_until_);
  if (next_attempt_at_) earliest = std::min(earliest, *next_attempt_at_);
  if (const auto room = room_at()) earliest = std::min(earliest, *room);
  if (backup_at_) earliest = std::min(earliest, *backup_at_);
  return earliest;
}

// --- facts ---------------------------------------------------------------------------------

// [HEv3 §4.1] service records first, then AAAA and A; but [RFC 2782] the name itself is looked up
// only where it has no SRV records.
void Race::on(const DialStarted& fact) {
  service_ = fact.service;
  if (service_) actions_.push_back(SendServiceQuery{*service_});
  if (service_ != RecordType::srv) return begin(fact);
  fallback_ = fact;
}

void Race::begin(const DialStarted& fact) {
  ask(fact.questions, unassociated);
  add(fact.known);
}

// [HEv3 §4.1] AAAA before A, one right after the other.
void Race::ask(const std::vector<Family>& families, CandidateGroup group) {
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    if (std::ranges::find(families, family) == families.end()) continue;
    questions_.push_back({.family = family, .group = group});
    actions_.push_back(SendQuery{family, {}, group});
  }
}

void Race::on(const ServiceAnswered& fact) {
  if (finished_ || !service_) return;
  service_.reset();
  const auto fallback = std::exchange(fallback_, {});
  if (fact.hosts.empty() && !fact.unavailable && fallback) return begin(*fallback);
  for (CandidateGroup group = 0; group < fact.hosts.size(); ++group)
    ask(fact.hosts[group].questions, group);
  for (const ServiceHost& host : fact.hosts) add(host.known);
}

void Race::on(const AnswerReceived& fact) {
  const auto question = std::ranges::find_if(questions_, [&fact](const QuestionReport& it) {
    return it.family == fact.family && it.group == fact.group;
  });
  if (finished_ || question == questions_.end() || question->answered) return;
  question->answered = true;
  question->status = fact.status;
  withdraw_hints(fact);
  add(fact.candidates);
}

void Race::on(const AddressesFound& fact) {
  if (!finished_) add(fact.candidates);
}

void Race::on(const Prepared& /*fact*/) {
  if (preparation_ != Preparation::running) return;
  preparation_ = Preparation::none;
  due_ = now_;
  reason_ = StartReason::prepared;
}

// [HEv3 §6] the first to connect wins; one that connects after the end is given up.
void Race::on(const Connected& fact) {
  assert(fact.attempt < attempts_.size());
  if (finished_) {
    actions_.push_back(CancelAttempt{fact.attempt, CancelReason::lost});
    return;
  }
  if (attempts_[fact.attempt].state != State::running) return;  // given up already
  attempts_[fact.attempt].state = State::won;
  finish(Outcome::connected, fact.attempt);
}

// [HEv3 §6.1] success needs more than the transport: the next attempt waits as long again for it. A
// server that accepts and then says nothing delays the race by that, once.
void Race::on(const Established& fact) {
  assert(fact.attempt < attempts_.size());
  AttemptReport& attempt = attempts_[fact.attempt];
  if (finished_ || attempt.state != State::running || attempt.established) return;
  attempt.established = true;
  if (!racing_ || !staggers() || options_.one_by_one) return;
  const Moment extended = now_ + options_.connection_attempt_delay;
  due_ = std::max(due_, extended);
  backup_due_ = std::max(backup_due_, extended);
  for (const auto& [timer, until] : {std::pair(TimerKind::next_attempt, due_),
                                     std::pair(TimerKind::backup_attempt, backup_due_)}) {
    if (!slot(timer)) continue;
    cancel_timer(timer);
    set_timer(timer, until);
  }
}

// An early failure does not wait for the Connection Attempt Delay. The draft only implies it;
// every implementation does so.
void Race::on(const AttemptFailed& fact) {
  assert(fact.attempt < attempts_.size());
  AttemptReport& attempt = attempts_[fact.attempt];
  if (finished_ || attempt.state != State::running) return;
  attempt.state = State::failed;
  attempt.cause = fact.cause;
  if (is_own_shortage(fact.cause) && attempt.backup_of) return;  // the first one goes on
  if (is_own_shortage(fact.cause) && any(State::running)) return put_off(attempt);
  short_of_means_ = false;
  cancel_twins_of(attempt);
  cancel_timer(TimerKind::next_attempt);
  due_ = now_;
  reason_ = next_waiting() ? StartReason::attempt_failed : StartReason::address_arrived;
}

// No fault of the address: its turn comes when an attempt that runs has ended.
void Race::put_off(AttemptReport& attempt) {
  attempt = {.endpoint = attempt.endpoint};
  --turns_;
  short_of_means_ = true;
  cancel_timer(TimerKind::next_attempt);
}

// --- the list ------------------------------------------------------------------------------

void Race::add(const std::vector<Candidate>& candidates) {
  bool changed = false;
  for (const Candidate& candidate : candidates) {
    const auto known = std::ranges::find(candidates_, candidate.endpoint, &Candidate::endpoint);
    const auto at = static_cast<std::size_t>(known - candidates_.begin());
    if (known != candidates_.end() && attempts_[at].state == State::withdrawn) {
      attempts_[at].state = State::waiting;  // another answer has it
      *known = candidate;
      changed = true;
    } else if (known != candidates_.end()) {
      const Candidate before = *known;
      improve(*known, candidate);
      changed = changed || known->group != before.group || family_of(*known) != family_of(before);
    } else {
      candidates_.push_back(candidate);
      attempts_.push_back({.endpoint = candidate.endpoint});
      changed = true;
    }
  }
  if (changed) sort();
}

// What is tried once has the best place that anybody gives it.
void Race::improve(Candidate& known, const Candidate& again) {
  if (known.is_hint && known.group == again.group) {
    known.is_hint = again.is_hint;  // the answer bears it out
  } else {
    actions_.push_back(DuplicateRemoved{again.endpoint});
  }
  known.group = std::min(known.group, again.group);
  if (!known.stands_for) known.stands_for = again.stands_for;
}

// [HEv3 §4.2.1] the answer about a host takes the place of its record's hints.
void Race::withdraw_hints(const AnswerReceived& answer) {
  const std::size_t before = actions_.size();
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const Candidate& hint = candidates_[i];
    if (!hint.is_hint || hint.group != answer.group || hint.endpoint.family() != answer.family ||
        attempts_[i].state != State::waiting ||
        std::ranges::find(answer.candidates, hint.endpoint, &Candidate::endpoint) !=
            answer.candidates.end())
      continue;
    attempts_[i].state = State::withdrawn;
    actions_.push_back(HintWithdrawn{static_cast<AttemptId>(i), hint.endpoint});
  }
  if (actions_.size() == before || next_waiting() || options_.one_by_one) return;
  cancel_timer(TimerKind::resolution_delay);  // nothing is left to be started
  cancel_timer(TimerKind::next_attempt);
}

// [HEv3 §7] the complete list is sorted again, attempted endpoints included, so that a late IPv4
// address takes the place it would have had.
void Race::sort() {
  if (candidates_.size() == 1 && !options_.history) return order_.assign(1, 0);
  if (options_.history) standings_ = standings(*options_.history, candidates_);
  std::vector<std::size_t> sorted = sort_destinations(candidates_, policy_, standings_);
  std::erase_if(sorted, [this](std::size_t i) { return attempts_[i].backup_of.has_value(); });
  order_ = options_.one_by_one ? sorted : interleaved(sorted);
  if (options_.history) weigh();
  if (order_.size() < 2) return;
  std::vector<Rule> rules(candidates_.size(), Rule::unchanged_order);
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
    const std::size_t a = sorted[i];
    const std::size_t b = sorted[i + 1];
    rules[a] = deciding_rule(candidates_[a], candidates_[b], policy_, standing(a), standing(b));
  }
  CandidatesSorted decision;
  for (const std::size_t i : order_)
    decision.places.push_back({static_cast<AttemptId>(i), candidates_[i].endpoint, rules[i]});
  actions_.push_back(std::move(decision));
}

Standing Race::standing(std::size_t candidate) const {
  return standings_.empty() ? Standing() : standings_[candidate];
}

// What is put last comes behind all others of its host, of whatever family: what an administrator
// has put behind stays there [RFC 2782], [HEv3 §5.3].
std::vector<std::size_t> Race::interleaved(const std::vector<std::size_t>& sorted) const {
  const auto is_last = [this](std::size_t i) { return standing(i).is_last(); };
  std::vector<std::size_t> first = sorted;
  std::erase_if(first, is_last);
  first = interleave(first, candidates_, options_.preferred_family_count);
  if (first.size() == sorted.size()) return first;
  std::vector<std::size_t> last = sorted;
  std::erase_if(last, std::not_fn(is_last));
  std::ranges::copy(interleave(last, candidates_, options_.preferred_family_count),
                    std::back_inserter(first));
  std::ranges::stable_sort(first, {}, [this](std::size_t i) { return candidates_[i].group; });
  return first;
}

void Race::weigh() {
  HistoryWeighed decision;
  for (const std::size_t i : order_) {
    const Endpoint& endpoint = candidates_[i].endpoint;
    HistoryWeighed::Weight weight{
        .endpoint = endpoint, .verdict = standings_[i].verdict, .delay = delay_after(endpoint)};
    if (weight.verdict == HistoryVerdict::none) continue;
    if (const KnownEndpoint* known = options_.history->find(endpoint)) {
      weight.failures = known->failures;
      if (known->round_trip.count() > 0) weight.round_trip = known->round_trip;
    }
    decision.weights.push_back(weight);
  }
  if (!decision.weights.empty()) actions_.push_back(std::move(decision));
}

// [RFC 8305 §5] the delay may follow the round trip.
Moment Race::delay_after(const Endpoint& endpoint) const {
  const Moment usual = options_.connection_attempt_delay;
  if (!options_.history || !options_.delay_follows_history) return usual;
  return followed_delay(*options_.history, endpoint).value_or(usual);
}

// --- what follows from a fact --------------------------------------------------------------

void Race::go_on() {
  give_up_overdue_attempt();
  const auto waiting = next_waiting();
  if (!waiting && !any(State::running) && (all_answered() || attempts_left() == 0)) {
    const bool none = std::ranges::all_of(
        attempts_, [](const AttemptReport& it) { return it.state == State::withdrawn; });
    finish(none ? Outcome::no_address : Outcome::all_attempts_failed);
  } else if (now_ >= options_.timeout) {
    finish(Outcome::timed_out);
  } else if (waiting) {
    consider_starting();
    make_room();
    fire_due_timers();
    if (racing_ && preparation_ == Preparation::due) prepare();
    if (racing_ && preparation_ == Preparation::none) start_due_attempt();
  }
  if (!finished_) consider_backup();
}

// [HEv3 §4.2] move on when there is an address and the preferred family has answered, either way;
// otherwise give it the Resolution Delay, counted from the first address.
void Race::consider_starting() {
  if (racing_ || (options_.one_by_one && !all_answered())) return;
  if (awaits_better()) {
    if (!resolution_delay_until_)
      set_timer(TimerKind::resolution_delay, now_ + options_.resolution_delay);
    return;
  }
  cancel_timer(TimerKind::resolution_delay);
  racing_ = true;
  reason_ =
      asked(preferred_) ? StartReason::preferred_family_known : StartReason::nothing_to_wait_for;
}

// Where another could not start, the oldest makes room once two SYNs of its have had no answer.
std::optional<Moment> Race::room_at() const {
  if (!short_of_means_) return std::nullopt;
  Moment oldest = now_;
  for (const AttemptReport& attempt : attempts_)
    if (attempt.state == State::running) oldest = std::min(oldest, attempt.started);
  return oldest + max_connection_attempt_delay;
}

void Race::make_room() {
  const auto due = room_at();
  if (!due || *due > now_) return;
  const auto started = [](const AttemptReport& attempt) {
    return attempt.state == State::running ? attempt.started : Moment::max();
  };
  give_up(
      static_cast<AttemptId>(std::ranges::min_element(attempts_, {}, started) - attempts_.begin()));
  short_of_means_ = false;
  due_ = now_;
  reason_ = StartReason::attempt_failed;
}

void Race::give_up(AttemptId attempt) {
  attempts_[attempt].state = State::failed;
  attempts_[attempt].cause = std::make_error_code(std::errc::timed_out);
  actions_.push_back(CancelAttempt{attempt, CancelReason::timed_out});
}

// Only one by one has an attempt a time of its own.
void Race::give_up_overdue_attempt() {
  if (!options_.one_by_one || !next_attempt_at_ || *next_attempt_at_ > now_) return;
  for (AttemptId i = 0; i < attempts_.size(); ++i)
    if (attempts_[i].state == State::running) give_up(i);
}

void Race::fire_due_timers() {
  for (const TimerKind timer : {TimerKind::resolution_delay, TimerKind::next_attempt}) {
    if (!fire(timer)) continue;
    racing_ = true;
    reason_ = timer == TimerKind::next_attempt ? StartReason::connection_attempt_delay_over
                                               : StartReason::resolution_delay_over;
  }
}

void Race::prepare() {
  preparation_ = Preparation::running;
  Prepare order;
  for (const std::size_t i : order_) order.endpoints.push_back(attempts_[i].endpoint);
  actions_.push_back(std::move(order));
}

// [HEv3 §6] one attempt at a time, the next after the Connection Attempt Delay. Starting one does
// not touch those before it.
void Race::start_due_attempt() {
  if (short_of_means_) return;
  if (due_ > now_) {
    if (!next_attempt_at_ && staggers()) set_timer(TimerKind::next_attempt, due_);
    return;
  }
  const AttemptId next = *next_waiting();
  cancel_timer(TimerKind::next_attempt);
  start(next, reason_);
  due_ = staggers() ? now_ + options_.one_by_one.value_or(delays_[next]) : Moment::max();
  reason_ = StartReason::address_arrived;
  if (staggers() && (next_waiting() || options_.one_by_one))
    set_timer(TimerKind::next_attempt, due_);
}

void Race::start(AttemptId attempt, StartReason reason) {
  AttemptReport& report = attempts_[attempt];
  report.state = State::running;
  report.started = now_;
  report.turn = ++turns_;
  actions_.push_back(StartAttempt{attempt, report.endpoint, reason, report.backup_of});
  cancel_timer(TimerKind::backup_attempt);
  delays_.resize(attempts_.size());
  delays_[attempt] = delay_after(report.endpoint);
  backup_due_ = now_ + delays_[attempt];
}

// --- backup attempts -----------------------------------------------------------------------

// The kernel sends a lost SYN again after a second [RFC 6298 §2]; a new socket need not wait. Where
// a peer is only slow the first attempt connects first, and the second is closed before its SYN is
// answered: a server accepts one connection.
void Race::consider_backup() {
  if (!options_.backup_attempt || options_.one_by_one || !staggers()) return;
  const auto silent = next_without_backup();
  if (!silent || next_waiting() || backup_due_ >= options_.timeout)
    return cancel_timer(TimerKind::backup_attempt);
  if (backup_due_ <= now_) {
    fire(TimerKind::backup_attempt);
    start_backup_of(*silent);
  }
  if (!backup_at_ && next_without_backup()) set_timer(TimerKind::backup_attempt, backup_due_);
}

void Race::start_backup_of(AttemptId silent) {
  const auto backup = static_cast<AttemptId>(attempts_.size());
  candidates_.push_back(candidates_[silent]);
  attempts_.push_back({.endpoint = attempts_[silent].endpoint, .backup_of = silent});
  ++backups_;
  start(backup, StartReason::backup);
  due_ = std::max(due_, now_ + min_connection_attempt_delay);  // an address that is still to come
}

// What the network says of an endpoint holds for both attempts at it.
void Race::cancel_twins_of(const AttemptReport& failed) {
  if (failed.cause != std::errc::connection_refused &&
      failed.cause != std::errc::network_unreachable && failed.cause != std::errc::host_unreachable)
    return;
  for (AttemptId i = 0; i < attempts_.size(); ++i) {
    if (attempts_[i].state != State::running || attempts_[i].endpoint != failed.endpoint) continue;
    attempts_[i].state = State::failed;
    attempts_[i].cause = failed.cause;
    actions_.push_back(CancelAttempt{i, CancelReason::twin_failed});
  }
}

// The best of those that run alone; a socket of this machine loses nothing.
std::optional<AttemptId> Race::next_without_backup() const {
  if (backups_ == max_backup_attempts || attempts_left() == 0) return std::nullopt;
  for (const std::size_t i : order_) {
    const auto id = static_cast<AttemptId>(i);
    if (attempts_[id].state != State::running || !attempts_[id].endpoint.family()) continue;
    if (attempts_[id].established) continue;  // no SYN of its is lost
    if (std::ranges::find(attempts_, std::optional(id), &AttemptReport::backup_of) ==
        attempts_.end())
      return id;
  }
  return std::nullopt;
}

// --- the end -------------------------------------------------------------------------------

void Race::finish(Outcome outcome, AttemptId winner) {
  finished_ = true;
  cancel_timer(TimerKind::resolution_delay);
  cancel_timer(TimerKind::next_attempt);
  cancel_timer(TimerKind::backup_attempt);
  for (AttemptId i = 0; i < attempts_.size(); ++i)
    if (attempts_[i].state == State::running)
      actions_.push_back(CancelAttempt{
          i, outcome == Outcome::connected ? CancelReason::lost : CancelReason::timed_out});
  Finish order{outcome, winner, questions_, attempts_, service_};
  delays_.resize(attempts_.size());
  if (options_.history) lessons_ = gladhand::lessons(*options_.history, order, delays_, now_);
  actions_.push_back(std::move(order));
}

// --- timers --------------------------------------------------------------------------------

std::optional<Moment>& Race::slot(TimerKind timer) {
  switch (timer) {
    case TimerKind::resolution_delay: return resolution_delay_until_;
    case TimerKind::next_attempt: return next_attempt_at_;
    case TimerKind::backup_attempt: break;
  }
  return backup_at_;
}

bool Race::fire(TimerKind timer) {
  if (!slot(timer) || *slot(timer) > now_) return false;
  slot(timer).reset();
  actions_.push_back(TimerFired{timer});
  return true;
}

void Race::set_timer(TimerKind timer, Moment until) {
  slot(timer) = until;
  actions_.push_back(TimerSet{timer, until});
}

void Race::cancel_timer(TimerKind timer) {
  if (!slot(timer)) return;
  slot(timer).reset();
  actions_.push_back(TimerCanceled{timer});
}

// --- questions about the state -------------------------------------------------------------

bool Race::asked(Family family) const {
  return std::ranges::find(questions_, family, &QuestionReport::family) != questions_.end();
}

// Whether an open question may bring what goes before the best that is known: a better host; of the
// same the preferred family, or any where all that is known is to go last.
bool Race::awaits_better() const {
  const CandidateGroup best = candidates_[*next_waiting()].group;
  return service_ || std::ranges::any_of(questions_, [this, best](const QuestionReport& question) {
           if (question.answered || question.group > best) return false;
           return question.group < best || has_only_last(best) ||
                  (question.family == preferred_ && !has_candidate_of(preferred_, best));
         });
}

bool Race::all_answered() const {
  return !service_ && std::ranges::all_of(questions_, &QuestionReport::answered);
}

bool Race::has_candidate_of(Family family, CandidateGroup group) const {
  return std::ranges::any_of(candidates_, [family, group](const Candidate& candidate) {
    return family_of(candidate) == family && candidate.group == group;
  });
}

bool Race::has_only_last(CandidateGroup group) const {
  if (standings_.empty()) return false;
  for (std::size_t i = 0; i < standings_.size(); ++i)
    if (candidates_[i].group == group && !standings_[i].is_last()) return false;
  return true;
}

std::optional<AttemptId> Race::next_waiting() const {
  if (attempts_left() == 0) return std::nullopt;
  for (const std::size_t i : order_)
    if (attempts_[i].state == State::waiting) return static_cast<AttemptId>(i);
  return std::nullopt;
}

std::size_t Race::waiting() const {
  return static_cast<std::size_t>(
      std::ranges::count(attempts_, State::waiting, &AttemptReport::state));
}

bool Race::staggers() const {
  return options_.overlap == AttemptOverlap::staggered;
}

bool Race::any(State state) const {
  return std::ranges::find(attempts_, state, &AttemptReport::state) != attempts_.end();
}

}  // namespace gladhand
