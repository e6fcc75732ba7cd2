#include "samples/sample_builder.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/first_words.hpp"
#include "base/position.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

bool is_unreachable(int error) {
  return error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN || error == EHOSTDOWN;
}

// With one of these no packet was sent.
bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

void SampleBuilder::begin() {
  now_ = race_began_ = {};
  first_query_ = first_attempt_ = 0;
  proxy_.reset();
  queries_.clear();
  attempts_.clear();
  winner_.reset();
  finished_ = false;
  total_ = {};
  banner_.reset();
  outcome_ = SampleOutcome::failed;
  error_.clear();
  first_line_.clear();
  transport_.reset();
}

void SampleBuilder::take(const Event& event) {
  if (finished_ && std::holds_alternative<Configured>(event.body)) race_began_ = now_;
  now_ = race_began_ + event.at;
  std::visit([this](const auto& it) { on(it); }, event.body);
}

void SampleBuilder::on(const Configured& /*event*/) {
  finished_ = false;
  winner_.reset();
  first_query_ = queries_.size();
  first_attempt_ = static_cast<AttemptId>(attempts_.size());
}

void SampleBuilder::on(const HandshakeStarted& /*event*/) {
  handshake_began_ = now_;
}

void SampleBuilder::on(const HandshakeFinished& /*event*/) {
  proxy_ = proxy_.value_or(Moment(0)) + now_ - handshake_began_;
  total_ = now_;
}

void SampleBuilder::on(const SendQuery& event) {
  if (finished_) return;  // of a name behind a proxy: it is the handshake's time
  const ShortMoment now = shortened(now_);
  queries_.push_back({.family = event.family, .start = now, .end = now});
}

void SampleBuilder::on(const AnswerReceived& event) {
  const auto query = std::find_if(
      queries_.begin() + static_cast<std::ptrdiff_t>(first_query_),
      queries_.end(),
      [&event](const QuerySample& it) { return it.family == event.family && !it.status; });
  if (query == queries_.end() || finished_) return;
  query->status = event.status;
  query->addresses =
      static_cast<std::uint16_t>(std::min<std::size_t>(event.candidates.size(), 65535));
  query->end = shortened(now_);
}

void SampleBuilder::on(const StartAttempt& event) {
  const AttemptId id = first_attempt_ + event.attempt;
  if (attempts_.size() <= id) attempts_.resize(id + 1);
  attempts_[id] = {
      .endpoint = event.endpoint, .sample = {.start = shortened(now_)}, .started = true};
}

// What lies between the order and the call is this machine's: the search for source addresses.
void SampleBuilder::on(const ConnectBegun& event) {
  const AttemptId id = first_attempt_ + event.attempt;
  if (id < attempts_.size()) attempts_[id].sample.start = shortened(now_);
}

void SampleBuilder::on(const Connected& event) {
  end(event.attempt, AttemptOutcome::success);
}

void SampleBuilder::on(const AttemptFailed& event) {
  end(event.attempt, AttemptOutcome::failure, event.cause.value());
}

void SampleBuilder::on(const CancelAttempt& event) {
  end(event.attempt,
      event.reason == CancelReason::timed_out ? AttemptOutcome::timeout : AttemptOutcome::canceled);
}

void SampleBuilder::end(AttemptId attempt, AttemptOutcome outcome, int error) {
  const AttemptId id = first_attempt_ + attempt;
  if (id >= attempts_.size() || attempts_[id].ended) return;
  attempts_[id].ended = true;
  attempts_[id].sample.outcome = outcome;
  attempts_[id].sample.error = static_cast<std::int16_t>(error);
  // What was known in the turn that has begun it bears that turn's time.
  attempts_[id].sample.end = std::max(shortened(now_), attempts_[id].sample.start);
}

void SampleBuilder::on(const Finish& event) {
  finished_ = true;
  total_ = now_;
  for (QuerySample& query : queries_)
    if (!query.status) query.end = shortened(now_);
  if (event.outcome == Outcome::connected) winner_ = first_attempt_ + event.winner;
}

// The end, whatever it is, stands here: what was connected to need not have led on.
void SampleBuilder::on(const DialEnded& event) {
  if (!event.failure) {
    outcome_ = SampleOutcome::connected;
    return;
  }
  winner_.reset();
  total_ = now_;
  std::visit([this](const auto& cause) { judge(cause); }, event.failure->cause);
}

void SampleBuilder::judge(const Error& error) {
  error_ = error.what();
  switch (error.status()) {
    case ExitStatus::timed_out: outcome_ = SampleOutcome::timed_out; break;
    case ExitStatus::no_address: outcome_ = SampleOutcome::no_address; break;
    case ExitStatus::not_handed_over: outcome_ = SampleOutcome::ours; break;
    default: outcome_ = SampleOutcome::failed; break;
  }
}

void SampleBuilder::set_own_limit(const std::string& what) {
  outcome_ = SampleOutcome::ours;
  error_ = what;
}

void SampleBuilder::judge(const LostRace& race) {
  const auto shortage = std::ranges::find_if(
      attempts_, [](const Attempt& it) { return is_shortage(it.sample.error); });
  if (shortage != attempts_.end()) return set_own_limit(system_words(shortage->sample.error));
  switch (race.finish.outcome) {
    case Outcome::connected: break;
    case Outcome::no_address:
      outcome_ = SampleOutcome::no_address;
      error_ = "no address";
      break;
    case Outcome::timed_out:
      outcome_ = SampleOutcome::timed_out;
      error_ = "no answer in time";
      break;
    case Outcome::all_attempts_failed: judge_failures(); break;
  }
}

// One cause for all, or the most telling of several: a server that refused is there.
void SampleBuilder::judge_failures() {
  std::size_t refused = 0;
  std::size_t unreachable = 0;
  std::size_t timed_out = 0;
  std::size_t without_source = 0;
  std::size_t started = 0;
  int error = 0;
  for (const Attempt& attempt : attempts_) {
    if (!attempt.started || attempt.sample.outcome == AttemptOutcome::canceled) continue;
    ++started;
    if (attempt.sample.outcome == AttemptOutcome::timeout || attempt.sample.error == ETIMEDOUT) {
      ++timed_out;
    } else if (attempt.sample.error == ECONNREFUSED) {
      ++refused;
    } else if (is_unreachable(attempt.sample.error)) {
      ++unreachable;
    } else if (attempt.sample.error == EADDRNOTAVAIL) {
      ++without_source;
    } else if (error == 0) {
      error = attempt.sample.error;
    }
  }
  if (error != 0) {
    outcome_ = SampleOutcome::failed;
  } else if (refused > 0) {
    outcome_ = SampleOutcome::refused;
    error = ECONNREFUSED;
  } else if (timed_out > 0) {
    outcome_ = SampleOutcome::timed_out;
    error = ETIMEDOUT;
  } else if (unreachable > 0 && unreachable == started) {
    outcome_ = SampleOutcome::unreachable;
    error = EHOSTUNREACH;
  } else if (without_source > 0) {
    outcome_ = SampleOutcome::ours;
    error = EADDRNOTAVAIL;
  }
  error_ = system_words(error);
}

void SampleBuilder::set_banner(const BannerResult& result) {
  const Moment ended = race_began_ + result.at;
  const Moment connected = std::exchange(total_, ended);
  switch (result.kind) {
    case BannerResult::Kind::line:
      if (refusal_of_sshd(result.line)) {
        outcome_ = SampleOutcome::penalised;
        error_ = printable(result.line);
      } else {
        banner_ = ended - connected;
        first_line_ = printable(result.line);
      }
      break;
    case BannerResult::Kind::other:
      outcome_ = SampleOutcome::failed;
      error_ = "no SSH server" + (result.line.empty() ? "" : ": " + in_quotes(result.line));
      break;
    case BannerResult::Kind::closed:
      outcome_ = SampleOutcome::closed;
      error_ = result.line.empty() ? "closed before its first line" : printable(result.line);
      break;
    case BannerResult::Kind::timed_out:
      outcome_ = SampleOutcome::timed_out;
      error_ = "connected, but silent";
      break;
  }
}

std::vector<AttemptId> SampleBuilder::by_start() const {
  std::vector<AttemptId> ids;
  for (AttemptId id = 0; id < attempts_.size(); ++id)
    if (attempts_[id].started) ids.push_back(id);
  if (ids.size() > 1)
    std::ranges::stable_sort(ids, {}, [this](AttemptId id) { return attempts_[id].sample.start; });
  return ids;
}

std::vector<Endpoint> SampleBuilder::tried() const {
  std::vector<Endpoint> endpoints;
  for (const Attempt& attempt : attempts_)
    if (attempt.started) endpoints.push_back(attempt.endpoint);
  return endpoints;
}

void SampleBuilder::store(const SampleFrame& frame, HostSamples& host, ModeSamples& mode) const {
  Sample sample;
  sample.number = frame.number;
  sample.intended = frame.intended;
  sample.started = frame.started;
  sample.total = frame.started - frame.intended + total_;
  if (proxy_) sample.proxy = shortened(*proxy_);
  if (banner_) sample.banner = shortened(*banner_);
  sample.lag = shortened(frame.lag);
  sample.outcome = outcome_;
  if (!error_.empty()) sample.error = position_of_text(host.texts, error_);
  if (!first_line_.empty()) sample.first_line = position_of_text(host.texts, first_line_);
  if (transport_) {
    if (transport_->local) {
      sample.local = position_of(host.locals, transport_->local->with_port(0));
      sample.local_port = transport_->local->port();
    }
    if (!transport_->congestion.empty())
      sample.congestion = position_of_text(host.texts, transport_->congestion);
    if (transport_->round_trip) sample.round_trip = shortened(*transport_->round_trip);
    sample.segment_size = static_cast<std::uint16_t>(std::min(transport_->segment_size, 65535U));
    sample.retransmits = static_cast<std::uint8_t>(std::min(transport_->retransmits, 255U));
  }
  sample.first_query = static_cast<std::uint32_t>(mode.queries.size());
  sample.queries = static_cast<std::uint16_t>(queries_.size());
  mode.queries.insert(mode.queries.end(), queries_.begin(), queries_.end());
  sample.first_attempt = static_cast<std::uint32_t>(mode.attempts.size());
  for (const AttemptId id : by_start()) {
    if (winner_ == id) sample.winner = sample.attempts;
    mode.attempts.push_back(attempts_[id].sample);
    mode.attempts.back().address = position_of(host.addresses, attempts_[id].endpoint);
    ++sample.attempts;
  }
  mode.samples.push_back(sample);
}

}  // namespace gladhand
