#include "report/trace.hpp"

#include <algorithm>
#include <utility>

#include "report/json_line.hpp"
#include "report/narrator.hpp"

namespace gladhand {

namespace {

JsonLine event_line(Moment at, std::string_view name) {
  JsonLine line;
  line.add("t_us", at.count()).add("event", name);
  return line;
}

void add_endpoint(JsonLine& line, const Endpoint& endpoint) {
  line.add("address", to_string(endpoint)).add("port", endpoint.port());
  if (const auto family = endpoint.family()) line.add("family", to_string(*family));
}

std::string source_object(const Source& source) {
  return JsonLine()
      .add("address", to_string(source.address))
      .add("prefix_length", source.prefix_length)
      .add("deprecated", source.deprecated)
      .add("home", source.home)
      .add("encapsulated", source.encapsulated)
      .object();
}

std::string_view code(StartReason reason) {
  switch (reason) {
    case StartReason::preferred_family_known: return "preferred_family_known";
    case StartReason::nothing_to_wait_for: return "nothing_to_wait_for";
    case StartReason::resolution_delay_over: return "resolution_delay_over";
    case StartReason::connection_attempt_delay_over: return "connection_attempt_delay_over";
    case StartReason::attempt_failed: return "attempt_failed";
    case StartReason::address_arrived: return "address_arrived";
    case StartReason::prepared: return "prepared";
    case StartReason::backup: return "backup";
  }
  return "";
}

std::string_view code(Outcome outcome) {
  switch (outcome) {
    case Outcome::connected: return "connected";
    case Outcome::no_address: return "no_address";
    case Outcome::all_attempts_failed: return "all_attempts_failed";
    case Outcome::timed_out: return "timed_out";
  }
  return "";
}

std::string_view code(AskReason reason) {
  switch (reason) {
    case AskReason::first: return "first";
    case AskReason::no_answer: return "no_answer";
    case AskReason::unreachable: return "unreachable";
    case AskReason::server_failure: return "server_failure";
    case AskReason::bad_answer: return "bad_answer";
    case AskReason::truncated: return "truncated";
  }
  return "";
}

std::string_view code(HistoryVerdict verdict) {
  switch (verdict) {
    case HistoryVerdict::none: return "none";
    case HistoryVerdict::known: return "known";
    case HistoryVerdict::probe: return "probe";
    case HistoryVerdict::address_failed: return "address_failed";
    case HistoryVerdict::family_failed: return "family_failed";
  }
  return "";
}

std::string_view code(HistoryChange::What what) {
  switch (what) {
    case HistoryChange::What::won: return "won";
    case HistoryChange::What::failed: return "failed";
    case HistoryChange::What::passed_over: return "passed_over";
    case HistoryChange::What::family_passed_over: return "family_passed_over";
  }
  return "";
}

std::string timer_event(TimerKind timer, std::string_view what) {
  std::string name = "resolution_delay";
  if (timer == TimerKind::next_attempt) name = "next_attempt";
  if (timer == TimerKind::backup_attempt) name = "backup_attempt";
  return name + "_timer_" + std::string(what);
}

}  // namespace

std::string Trace::lines(const Event& event) {
  now_ = event.at;
  out_.clear();
  std::visit([this](const auto& it) { write(it); }, event.body);
  return out_;
}

// Each dial counts its attempts anew.
void Trace::write(const Configured& event) {
  const Moment at = now_;
  *this = Trace();
  now_ = at;
  origin_ = event.origin;
  JsonLine line = event_line(now_, "config_set");
  line.add("trace_version", version).add("host", event.host).add("service", event.service);
  if (!event.through.empty()) line.add("through", event.through);
  if (!event.why_direct.empty()) line.add("why_direct", event.why_direct);
  out_ += line.add("connection_attempt_delay_us", event.connection_attempt_delay.count())
              .add("resolution_delay_us", event.resolution_delay.count())
              .add("timeout_us", event.timeout.count())
              .add("preferred_family_count", event.preferred_family_count)
              .add("preferred_family", to_string(event.preferred_family))
              .add("backup_attempt", event.backup_attempt)
              .add("origin", event.origin)
              .line();
}

void Trace::write(const DialStarted& event) {
  discovered(event.known, origin_);
}

void Trace::write(const AnswerReceived& event) {
  discovered(event.candidates, event.source.empty() ? "dns" : event.source);
  const auto query = std::ranges::find_if(queries_, [&event](const Query& it) {
    return it.family == event.family && it.group == event.group;
  });
  const Moment asked = query == queries_.end() ? Moment(0) : query->asked;
  JsonLine line = event_line(now_, "dns_query_finished");
  line.add("type", question_type(event.family))
      .add("status", to_string(event.status))
      .add("addresses", event.candidates.size())
      .add("duration_us", (now_ - asked).count());
  if (!event.source.empty()) line.add("source", event.source);
  if (!event.host.empty()) line.add("host", event.host);
  out_ += line.line();
}

void Trace::write(const ServiceAnswered& event) {
  std::string hosts;
  for (const ServiceHost& host : event.hosts)
    hosts += (hosts.empty() ? "[" : ",") + JsonLine()
                                               .add("host", host.name)
                                               .add("port", host.port)
                                               .add("priority", host.priority)
                                               .add("weight", host.weight)
                                               .object();
  if (hosts.empty()) hosts = "[";
  out_ += event_line(now_, "service_query_finished")
              .add("type", to_string(event.type))
              .add("name", event.name)
              .add("status", to_string(event.status))
              .add("unavailable", event.unavailable)
              .raw("hosts", hosts + ']')
              .add("duration_us", (now_ - service_asked_).count())
              .line();
  for (const ServiceHost& host : event.hosts) discovered(host.known, "hosts");
}

void Trace::write(const AddressesFound& event) {
  discovered(event.candidates, "command");
}

void Trace::write(const Prepared& /*event*/) {
  out_ += event_line(now_, "before_finished").line();
}

void Trace::write(const Connected& event) {
  outcome(event.attempt, "success");
}

void Trace::write(const Established& event) {
  JsonLine line = event_line(now_, "attempt_established");
  line.add("attempt", event.attempt);
  if (event.attempt < attempts_.size()) add_endpoint(line, attempts_[event.attempt].endpoint);
  out_ += line.line();
}

void Trace::write(const AttemptFailed& event) {
  outcome(event.attempt, "failure", event.cause);
}

void Trace::write(const SendQuery& event) {
  const auto query = std::ranges::find_if(queries_, [&event](const Query& it) {
    return it.family == event.family && it.group == event.group;
  });
  if (query == queries_.end()) {
    queries_.push_back({event.family, event.group, now_});
  } else {
    query->asked = now_;
  }
  JsonLine line = event_line(now_, "dns_query_started");
  line.add("type", question_type(event.family));
  if (!event.name.empty()) line.add("name", event.name);
  out_ += line.line();
}

void Trace::write(const SendServiceQuery& event) {
  service_asked_ = now_;
  out_ += event_line(now_, "service_query_started")
              .add("type", to_string(event.type))
              .add("name", event.name)
              .line();
}

void Trace::write(const Prepare& /*event*/) {
  out_ += event_line(now_, "before_started").line();
}

void Trace::write(const StartAttempt& event) {
  if (attempts_.size() <= event.attempt) attempts_.resize(event.attempt + 1);
  attempts_[event.attempt] = {event.endpoint, now_, false};
  ++started_;
  JsonLine line = event_line(now_, "attempt_started");
  line.add("attempt", event.attempt);
  add_endpoint(line, event.endpoint);
  line.add("reason", code(event.reason));
  if (event.backup_of) line.add("backup_of", *event.backup_of);
  out_ += line.line();
}

void Trace::write(const CancelAttempt& event) {
  outcome(event.attempt, event.reason == CancelReason::timed_out ? "timeout" : "canceled");
}

void Trace::write(const Finish& event) {
  if (event.outcome != Outcome::connected) {
    out_ += event_line(now_, "connection_aborted").add("reason", code(event.outcome)).line();
    return;
  }
  JsonLine line = event_line(now_, "connection_selected");
  line.add("attempt", event.winner);
  add_endpoint(line, event.attempts[event.winner].endpoint);
  out_ += line.line();
}

void Trace::write(const DuplicateRemoved& event) {
  JsonLine line = event_line(now_, "candidate_removed");
  add_endpoint(line, event.endpoint);
  out_ += line.add("reason", "duplicate").line();
}

void Trace::write(const HintWithdrawn& event) {
  JsonLine line = event_line(now_, "candidate_removed");
  add_endpoint(line, event.endpoint);
  out_ += line.add("reason", "hint").line();
}

void Trace::write(const CandidatesSorted& event) {
  std::string places;
  for (const CandidatesSorted::Place& place : event.places) {
    places += places.empty() ? '[' : ',';
    places += JsonLine()
                  .add("attempt", place.attempt)
                  .add("address", to_string(place.endpoint))
                  .add("rule", static_cast<int>(place.rule))
                  .add("why", to_string(place.rule))
                  .object();
  }
  out_ += event_line(now_, "candidates_sorted").raw("order", places + ']').line();
}

void Trace::write(const HistoryWeighed& event) {
  std::string weights;
  for (const HistoryWeighed::Weight& it : event.weights) {
    JsonLine one;
    one.add("address", to_string(it.endpoint))
        .add("verdict", code(it.verdict))
        .add("failures", it.failures);
    if (it.round_trip) one.add("round_trip_us", it.round_trip->count());
    weights += (weights.empty() ? "[" : ",") + one.add("delay_us", it.delay.count()).object();
  }
  out_ += event_line(now_, "history_weighed").raw("addresses", weights + ']').line();
}

void Trace::write(const TimerSet& event) {
  out_ +=
      event_line(now_, timer_event(event.timer, "set")).add("until_us", event.until.count()).line();
}

void Trace::write(const TimerFired& event) {
  out_ += event_line(now_, timer_event(event.timer, "fired")).line();
}

void Trace::write(const TimerCanceled& event) {
  out_ += event_line(now_, timer_event(event.timer, "canceled")).line();
}

void Trace::write(const HistoryRead& event) {
  JsonLine line = event_line(now_, "history_read");
  if (!event.network.empty()) line.add("network", event.network);
  if (!event.why_not.empty()) line.add("error", event.why_not);
  out_ += line.add("addresses", event.endpoints).line();
}

void Trace::write(const HistoryWritten& event) {
  std::string changes;
  for (const HistoryChange& it : event.changes)
    changes +=
        (changes.empty() ? "[" : ",") +
        JsonLine().add("address", to_string(it.endpoint)).add("what", code(it.what)).object();
  JsonLine line = event_line(now_, "history_written");
  if (!event.why_not.empty()) line.add("error", event.why_not);
  out_ += line.raw("changes", changes.empty() ? "[]" : changes + ']').line();
}

void Trace::write(const NextName& event) {
  out_ += event_line(now_, "dns_next_name")
              .add("name", event.name)
              .add("passed_over", event.passed_over)
              .line();
}

void Trace::write(const AskedAgain& event) {
  out_ += event_line(now_, "dns_query_repeated")
              .add("type", to_string(event.type))
              .add("server", event.server)
              .add("reason", code(event.reason))
              .add("times", event.times)
              .line();
}

void Trace::write(const ServerAnswered& event) {
  out_ += event_line(now_, "dns_server_answered")
              .add("type", to_string(event.type))
              .add("server", event.server)
              .add("status", to_string(event.status))
              .line();
}

void Trace::write(const NamesAsked& event) {
  std::string sources;
  for (const NamesAsked::Source& source : event.sources) {
    JsonLine one;
    one.add("source", source.name).add("status", to_string(source.status));
    if (!source.failure.empty()) one.add("error", source.failure);
    sources += (sources.empty() ? "[" : ",") + one.object();
  }
  out_ += event_line(now_, "names_asked").raw("sources", sources + ']').line();
}

void Trace::write(const Pref64Asked& event) {
  pref64_asked_ = now_;
  out_ +=
      event_line(now_, "nat64_query_started").add("type", "AAAA").add("name", event.name).line();
}

void Trace::write(const Pref64Learned& event) {
  out_ += event_line(now_, "nat64_query_finished")
              .add("status", to_string(event.status))
              .add("duration_us", (now_ - pref64_asked_).count())
              .line();
  for (const std::string& prefix : event.prefixes)
    out_ += event_line(now_, "nat64_prefix_discovered").add("prefix", prefix).line();
}

void Trace::write(const FellBackToTcp& /*event*/) {
  out_ += event_line(now_, "protocol_fallback").add("from", "mptcp").add("to", "tcp").line();
}

void Trace::write(const HandshakeStarted& event) {
  out_ += event_line(now_, "handshake_started")
              .add("peer", event.peer)
              .add("asks_for", event.asks_for)
              .line();
}

void Trace::write(const HandshakeFinished& event) {
  JsonLine line = event_line(now_, "handshake_finished");
  line.add("peer", event.peer).add("outcome", event.failure.empty() ? "success" : "failure");
  if (!event.failure.empty()) line.add("error", event.failure);
  out_ += line.line();
}

void Trace::write(const FoundSlow& event) {
  JsonLine line = event_line(now_, "on_slow_started");
  if (!event.failure.empty()) line.add("error", event.failure);
  out_ += line.line();
}

void Trace::write(const RouteTried& event) {
  out_ += event_line(now_, "route_tried")
              .add("route", event.route)
              .add("number", event.number)
              .add("of", event.of)
              .line();
}

void Trace::write(const RetryScheduled& event) {
  out_ += event_line(now_, "retry_scheduled")
              .add("dial", event.dial)
              .add("pause_us", event.pause.count())
              .line();
}

void Trace::write(const HandedOver& event) {
  JsonLine line = event_line(now_, "handed_over");
  add_endpoint(line, event.peer);
  if (event.delayed_ack) line.add("delayed_ack_us", event.delayed_ack->count());
  out_ += line.line();
}

void Trace::write(const RelayStarted& event) {
  JsonLine line = event_line(now_, "relay_started");
  add_endpoint(line, event.peer);
  if (event.delayed_ack) line.add("delayed_ack_us", event.delayed_ack->count());
  out_ += line.line();
}

void Trace::write(const RelayEnded& event) {
  out_ += event_line(now_, "relay_finished")
              .add("bytes_sent", event.sent)
              .add("bytes_received", event.received)
              .line();
}

void Trace::write(const DialEnded& event) {
  JsonLine line = event_line(now_, "metrics");
  line.add("total_duration_us", now_.count())
      .add("outcome", event.failure ? "failure" : "success")
      .add("exit_status", event.failure ? static_cast<int>(exit_status(*event.failure)) : 0);
  const auto* error = event.failure ? std::get_if<Error>(&event.failure->cause) : nullptr;
  if (error != nullptr) line.add("error", error->what());
  if (succeeded_ > 0)
    line.add("tt_first_success_us", first_success_.count())
        .add("first_success_family", first_success_family_);
  out_ += line.add("attempts_total", started_)
              .add("attempts_success", succeeded_)
              .add("attempts_failure", failed_)
              .add("attempts_canceled", canceled_)
              .line();
}

void Trace::discovered(const std::vector<Candidate>& candidates, std::string_view origin) {
  for (const Candidate& candidate : candidates) {
    JsonLine line = event_line(now_, "candidate_discovered");
    add_endpoint(line, candidate.endpoint);
    line.add("origin", candidate.is_hint ? "hint" : origin);
    if (candidate.group != unassociated) line.add("group", candidate.group);
    if (candidate.stands_for) line.add("stands_for", to_string(Endpoint(*candidate.stands_for, 0)));
    line.raw("source", candidate.source ? source_object(*candidate.source) : "null");
    out_ += line.line();
  }
}

// Every attempt has one outcome: one that connects after it was canceled stays canceled.
void Trace::outcome(AttemptId id, std::string_view outcome, const std::error_code& cause) {
  Attempt& attempt = attempts_[id];
  if (attempt.ended) return;
  attempt.ended = true;
  JsonLine line = event_line(now_, "attempt_outcome");
  line.add("attempt", id);
  add_endpoint(line, attempt.endpoint);
  line.add("outcome", outcome).add("duration_us", (now_ - attempt.started).count());
  if (cause.category() == std::system_category() && cause) line.add("errno", cause.value());
  if (cause) line.add("error", to_words(cause));
  out_ += line.line();
  if (outcome == "failure") ++failed_;
  if (outcome == "canceled" || outcome == "timeout") ++canceled_;
  if (outcome != "success") return;
  ++succeeded_;
  first_success_ = now_;
  if (const auto family = attempt.endpoint.family()) first_success_family_ = to_string(*family);
}

}  // namespace gladhand
