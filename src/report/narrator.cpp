#include "report/narrator.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

namespace {

std::string list(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& candidate : candidates) {
    text += (text.empty() ? "" : ", ") + to_string(candidate.endpoint);
    if (candidate.stands_for) text += " for " + to_string(Endpoint(*candidate.stands_for, 0));
    if (candidate.source) text += " (from " + to_string(candidate.source->address) + ')';
  }
  return text;
}

std::string in_words(std::optional<std::chrono::microseconds> delayed_ack) {
  return delayed_ack ? ", delayed ACK at most " + to_string(*delayed_ack) : "";
}

}  // namespace

std::string to_words(AnswerStatus status, Family family) {
  switch (status) {
    case AnswerStatus::addresses: return "addresses";
    case AnswerStatus::no_address: return "no " + std::string(to_string(family)) + " address";
    case AnswerStatus::no_such_name: return "name does not exist";
    case AnswerStatus::server_failure: return "name servers report a failure";
    case AnswerStatus::no_answer: return "no name server answers";
    case AnswerStatus::bad_answer: return "name servers send nonsense";
  }
  return "";
}

std::string to_words(AnswerStatus status, RecordType type) {
  if (type == RecordType::aaaa) return to_words(status, Family::ipv6);
  if (type == RecordType::a || status != AnswerStatus::no_address)
    return to_words(status, Family::ipv4);
  return "no " + std::string(to_string(type)) + " record";
}

std::string to_words(const std::error_code& cause) {
  if (cause.category() != std::system_category() && cause.category() != std::generic_category())
    return cause.message();
  switch (cause.value()) {
    case ECONNREFUSED: return "refused";
    case ENETUNREACH: return "network unreachable";
    case EHOSTUNREACH: return "host unreachable";
    case ETIMEDOUT: return "no answer";
    case EACCES:
    case EPERM: return "forbidden by this machine";
    default: break;
  }
  return system_words(cause.value());
}

std::string Narrator::sentence(const Event& event) {
  now_ = event.at;
  return std::visit([this](const auto& it) { return of(it); }, event.body);
}

std::string Narrator::line(const Event& event) {
  const std::string text = sentence(event);
  if (text.empty()) return {};
  char time[32];
  std::snprintf(time, sizeof(time), "%9.2f ms  ", static_cast<double>(event.at.count()) / 1000.0);
  return time + text;
}

std::string Narrator::of(const Configured& event) {
  configured_ = event;
  about_service_ = false;
  weights_.clear();
  delay_ = event.connection_attempt_delay;
  return "connect to " + in_words(event.host, event.service) +
         (event.through.empty() ? "" : " through " + event.through) +
         (event.why_direct.empty() ? "" : " without a proxy: " + event.why_direct);
}

std::string Narrator::of(const DialStarted& event) {
  if (event.questions.size() == 1 && configured_.origin == "dns")
    return "only " + std::string(to_string(event.questions.front())) + " is to be asked for";
  if (event.known.empty()) return "";
  if (!event.known.front().endpoint.family()) return "the address is " + list(event.known);
  std::string where = "this machine is";
  if (configured_.origin == "literal") where = "the host is the address";
  if (configured_.origin == "hosts") where = "/etc/hosts has";
  if (configured_.origin == "resolve") where = "--resolve gives";
  return where + ' ' + list(event.known);
}

std::string Narrator::of(const AnswerReceived& event) {
  std::string question(question_type(event.family));
  if (!event.host.empty()) question += " of " + printable(event.host);
  if (event.status == AnswerStatus::addresses && event.candidates.empty())
    return question + " answered: that was all";
  if (event.status == AnswerStatus::addresses)
    return question + " answered: " + list(event.candidates);
  return question + " answered: " + to_words(event.status, event.family);
}

std::string Narrator::of(const ServiceAnswered& event) {
  std::string text = std::string(to_string(event.type)) + " answered: ";
  if (event.unavailable) return text + "nobody offers the service";
  if (event.status == AnswerStatus::addresses && event.hosts.empty())
    return text + "no host that can be connected to, take the name itself";
  if (event.hosts.empty())
    return text + to_words(event.status, event.type) + ", take the name itself";
  for (const ServiceHost& host : event.hosts)
    text += (&host == event.hosts.data() ? "" : ", ") + printable(host.name) + " port " +
            std::to_string(host.port) + " (priority " + std::to_string(host.priority) +
            (event.type == RecordType::srv ? ", weight " + std::to_string(host.weight) : "") + ')';
  return text;
}

std::string Narrator::of(const AddressesFound& event) {
  return "found " + list(event.candidates);
}

std::string Narrator::of(const Prepared& /*event*/) {
  return "--before is done";
}

std::string Narrator::of(const Connected& event) {
  return "connected to " + name(event.attempt);
}

std::string Narrator::of(const Established& event) {
  return "connected to " + name(event.attempt) + ": wait for its first words";
}

std::string Narrator::of(const ConnectBegun& /*event*/) {
  return "";  // the order has been told
}

std::string Narrator::of(const AttemptFailed& event) {
  return name(event.attempt) + ": " + to_words(event.cause);
}

std::string Narrator::of(const SendQuery& event) {
  const std::string question = "ask for " + std::string(question_type(event.family));
  return event.name.empty() ? question : question + " of " + printable(event.name);
}

std::string Narrator::of(const SendServiceQuery& event) {
  about_service_ = true;
  return "ask for " + std::string(to_string(event.type)) + " of " + printable(event.name);
}

std::string Narrator::of(const Prepare& /*event*/) {
  return "run --before";
}

// The delay is that of the attempt before.
std::string Narrator::of(const StartAttempt& event) {
  std::string text = start_of(event);
  const auto weight =
      std::ranges::find(weights_, event.endpoint, &HistoryWeighed::Weight::endpoint);
  delay_ = weight == weights_.end() ? configured_.connection_attempt_delay : weight->delay;
  return text;
}

std::string Narrator::start_of(const StartAttempt& event) {
  if (attempts_.size() <= event.attempt) attempts_.resize(event.attempt + 1);
  attempts_[event.attempt] = event.endpoint;
  const std::string preferred(to_string(configured_.preferred_family));
  std::string why;
  switch (event.reason) {
    case StartReason::preferred_family_known:
      why = preferred + " is preferred and its answer is known";
      break;
    case StartReason::nothing_to_wait_for: why = "nothing to wait for"; break;
    case StartReason::resolution_delay_over:
      why = "no " + awaited() + " answer within the Resolution Delay of " +
            to_string(configured_.resolution_delay);
      break;
    case StartReason::connection_attempt_delay_over:
      why = "nothing connected within the Connection Attempt Delay of " + to_string(delay_);
      break;
    case StartReason::attempt_failed: why = "the attempt before has failed"; break;
    case StartReason::prepared: why = "--before is done"; break;
    case StartReason::address_arrived: why = "its address has just arrived"; break;
    case StartReason::backup:
      return "start " + spelled(event.endpoint) + " once more (nothing has answered for the " +
             "Connection Attempt Delay of " + to_string(delay_) +
             ": a packet may be lost)";
  }
  return "start " + spelled(event.endpoint) + " (" + why + ')';
}

std::string Narrator::of(const CancelAttempt& event) {
  std::string why;
  switch (event.reason) {
    case CancelReason::lost: why = "another has won"; break;
    case CancelReason::timed_out: why = "time is over"; break;
    case CancelReason::abandoned: why = "the dial is over"; break;
    case CancelReason::twin_failed: why = "the other attempt there has failed"; break;
  }
  return "give up " + name(event.attempt) + " (" + why + ')';
}

std::string Narrator::of(const Finish& event) {
  if (event.outcome != Outcome::connected) return "";  // the end that follows says it
  return "winner: " + name(event.winner);
}

std::string Narrator::of(const DuplicateRemoved& event) {
  return "already in the list: " + to_string(event.endpoint);
}

std::string Narrator::of(const HintWithdrawn& event) {
  return "only a hint, which the answer does not have: " + spelled(event.endpoint);
}

std::string Narrator::of(const CandidatesSorted& event) {
  std::string text = "order:";
  for (const CandidatesSorted::Place& place : event.places) {
    text += (&place == event.places.data() ? " " : ", ") + spelled(place.endpoint);
    if (place.rule != Rule::unchanged_order)
      text += " (" + std::string(to_string(place.rule)) + ')';
  }
  return text;
}

namespace {

std::string times(unsigned count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

std::string words_of(const HistoryWeighed::Weight& it) {
  const std::string address = to_string(it.endpoint);
  switch (it.verdict) {
    case HistoryVerdict::none: return "";
    case HistoryVerdict::address_failed:
      return address + " goes last: it did not answer here, " + times(it.failures);
    case HistoryVerdict::family_failed:
      return address + " goes last: no " + std::string(to_string(*it.endpoint.family())) +
             " address answers here";
    case HistoryVerdict::probe:
    case HistoryVerdict::known: break;
  }
  std::string text =
      address + (it.verdict == HistoryVerdict::probe ? " is tried once more in its turn" : "");
  if (it.round_trip)
    text += (it.verdict == HistoryVerdict::probe ? ", round trip " : " has a round trip of ") +
            to_string(*it.round_trip);
  return text + (it.verdict == HistoryVerdict::known && !it.round_trip ? " is known" : "") +
         ", the next is due after " + to_string(it.delay);
}

}  // namespace

std::string Narrator::of(const HistoryWeighed& event) {
  weights_ = event.weights;
  std::string text = "history: ";
  for (const HistoryWeighed::Weight& it : event.weights)
    text += (&it == event.weights.data() ? "" : "; ") + words_of(it);
  return text;
}

std::string Narrator::of(const TimerSet& event) {
  if (event.timer != TimerKind::resolution_delay) return "";
  return "wait " + to_string(event.until - now_) + " for the " + awaited() + " answer";
}

std::string Narrator::of(const TimerFired& /*event*/) {
  return "";  // the start that follows gives it as its reason
}

std::string Narrator::of(const TimerCanceled& /*event*/) {
  return "";
}

std::string Narrator::of(const HistoryRead& event) {
  if (!event.why_not.empty()) return "history: not used: " + printable(event.why_not);
  return "history: network " + event.network +
         ", addresses known: " + std::to_string(event.endpoints);
}

std::string Narrator::of(const HistoryWritten& event) {
  if (!event.why_not.empty()) return "history: not written: " + printable(event.why_not);
  std::string text;
  for (const HistoryChange& it : event.changes) {
    const bool won = it.what == HistoryChange::What::won;
    if (!won && it.what != HistoryChange::What::failed) continue;
    text += (text.empty() ? "" : ", ") + to_string(it.endpoint) +
            (won ? " has answered" : " has not answered");
  }
  return text.empty() ? "" : "history: remember that " + text;
}

std::string Narrator::of(const NextName& event) {
  return "no address for " + printable(event.passed_over) + ": ask for " + printable(event.name);
}

std::string Narrator::of(const AskedAgain& event) {
  const std::string question(to_string(event.type));
  if (event.reason == AskReason::truncated)
    return question + ": the answer of " + event.server + " is cut, ask over TCP";
  const bool silence = event.reason == AskReason::no_answer;
  return question + ": " + (silence ? "no answer yet, " : "") + "ask " + event.server +
         (event.times > 1 ? " again"
          : silence       ? " too"
                          : "");
}

std::string Narrator::of(const ServerAnswered& event) {
  const std::string what = event.status == AnswerStatus::no_answer        ? "cannot be reached"
                           : event.status == AnswerStatus::server_failure ? "reports a failure"
                           : event.status == AnswerStatus::bad_answer
                               ? "sends nonsense"
                               : "says: " + to_words(event.status, event.type);
  return std::string(to_string(event.type)) + ": name server " + event.server + ' ' + what;
}

namespace {

std::string words_of(const NamesAsked::Source& source) {
  if (source.status == AnswerStatus::addresses) {
    std::string text = source.name + " has";
    for (const Endpoint& address : source.addresses)
      text += (&address == source.addresses.data() ? " " : " and ") + to_string(address);
    return text;
  }
  const std::string why = source.failure.empty() ? "" : " (" + printable(source.failure) + ')';
  if (source.status == AnswerStatus::no_answer) return source.name + " gave no answer" + why;
  if (source.status == AnswerStatus::no_such_name)
    return source.name + (source.name == "DNS" ? " said no such name" : " had none") + why;
  if (source.status == AnswerStatus::no_address) return source.name + " had no such address" + why;
  return source.name + " failed" + why;
}

}  // namespace

std::string Narrator::of(const NamesAsked& event) {
  std::string text = "names: ";
  for (const NamesAsked::Source& source : event.sources)
    text += (&source == event.sources.data() ? "" : ", ") + words_of(source);
  return text;
}

std::string Narrator::of(const Pref64Asked& event) {
  return "no IPv4 here: ask for a NAT64, AAAA of " + event.name;
}

std::string Narrator::of(const Pref64Learned& event) {
  if (event.prefixes.empty()) return "no NAT64 (" + to_words(event.status, Family::ipv6) + ')';
  std::string text = "NAT64:";
  for (const std::string& prefix : event.prefixes)
    text += (&prefix == event.prefixes.data() ? " " : ", ") + prefix;
  return text;
}

std::string Narrator::of(const FellBackToTcp& /*event*/) {
  return "the kernel has no MPTCP: TCP in its place";
}

std::string Narrator::of(const HandshakeStarted& event) {
  return "ask " + event.peer + " for " + event.asks_for;
}

std::string Narrator::of(const HandshakeFinished& event) {
  return event.peer + ": " + (event.failure.empty() ? "the way is open" : event.failure);
}

std::string Narrator::of(const FoundSlow& event) {
  return "nothing has connected yet: " +
         (event.failure.empty() ? "run --on-slow" : "--on-slow: " + event.failure);
}

std::string Narrator::of(const RouteTried& event) {
  return "route " + std::to_string(event.number) + " of " + std::to_string(event.of) + ": " +
         printable(event.route);
}

std::string Narrator::of(const RetryScheduled& event) {
  return "try again in " + to_string(event.pause) + " (dial " + std::to_string(event.dial) + ')';
}

std::string Narrator::of(const HandedOver& event) {
  return "handed over: " + with_port(event.peer) + in_words(event.delayed_ack);
}

std::string Narrator::of(const RelayStarted& event) {
  return "relay: " + with_port(event.peer) + in_words(event.delayed_ack);
}

std::string Narrator::of(const RelayEnded& event) {
  return "relay over: " + std::to_string(event.sent) + " bytes sent, " +
         std::to_string(event.received) + " bytes received";
}

std::string Narrator::of(const DialEnded& event) {
  if (!event.failure) return "";
  if (const auto* error = std::get_if<Error>(&event.failure->cause))
    return std::string("over: ") + error->what();
  switch (std::get<LostRace>(event.failure->cause).finish.outcome) {
    case Outcome::connected: return "";
    case Outcome::no_address: return "over: no address to connect to";
    case Outcome::all_attempts_failed: return "over: every attempt has failed";
    case Outcome::timed_out: return "over: time has run out";
  }
  return "";
}

// What an attempt waits for: the preferred family's answer, or about a host that goes before.
std::string Narrator::awaited() const {
  return about_service_ ? "better" : std::string(question_type(configured_.preferred_family));
}

// Service records may lead to any port.
std::string Narrator::spelled(const Endpoint& endpoint) const {
  return about_service_ ? with_port(endpoint) : to_string(endpoint);
}

std::string Narrator::name(AttemptId attempt) const {
  return attempt < attempts_.size() ? spelled(attempts_[attempt]) : "?";
}

}  // namespace gladhand
