// Narrator: one line of English for every event, as -v and --log show them.
#pragma once

#include <string>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

class Narrator {
 public:
  /// What happened, without a line end; empty for an event that says nothing to a person.
  std::string sentence(const Event& event);

  /// The same behind its time: "   12.3 ms  start 2001:db8::1 (...)".
  std::string line(const Event& event);

 private:
  std::string of(const Configured& event);
  std::string of(const DialStarted& event);
  std::string of(const AnswerReceived& event);
  std::string of(const ServiceAnswered& event);
  std::string of(const AddressesFound& event);
  std::string of(const Prepared& event);
  std::string of(const Connected& event);
  std::string of(const Established& event);
  std::string of(const ConnectBegun& event);
  std::string of(const AttemptFailed& event);
  std::string of(const SendQuery& event);
  std::string of(const SendServiceQuery& event);
  std::string of(const Prepare& event);
  std::string of(const StartAttempt& event);
  std::string of(const CancelAttempt& event);
  std::string of(const Finish& event);
  std::string of(const DuplicateRemoved& event);
  std::string of(const HintWithdrawn& event);
  std::string of(const CandidatesSorted& event);
  std::string of(const HistoryWeighed& event);
  std::string of(const TimerSet& event);
  std::string of(const TimerFired& event);
  std::string of(const TimerCanceled& event);
  std::string of(const HistoryRead& event);
  std::string of(const HistoryWritten& event);
  std::string of(const NextName& event);
  std::string of(const AskedAgain& event);
  std::string of(const NamesAsked& event);
  std::string of(const ServerAnswered& event);
  std::string of(const Pref64Asked& event);
  std::string of(const Pref64Learned& event);
  std::string of(const FellBackToTcp& event);
  std::string of(const HandshakeStarted& event);
  std::string of(const HandshakeFinished& event);
  std::string of(const FoundSlow& event);
  std::string of(const RouteTried& event);
  std::string of(const RetryScheduled& event);
  std::string of(const HandedOver& event);
  std::string of(const RelayStarted& event);
  std::string of(const RelayEnded& event);
  std::string of(const DialEnded& event);

  std::string start_of(const StartAttempt& event);
  std::string awaited() const;
  std::string spelled(const Endpoint& endpoint) const;
  std::string name(AttemptId attempt) const;

  Configured configured_;
  bool about_service_ = false;  // service records were asked for
  std::vector<HistoryWeighed::Weight> weights_;
  Moment delay_{};  // after the attempt that has started last
  Moment now_{};
  std::vector<Endpoint> attempts_;  // by AttemptId
};

/// "AAAA: no such address", "refused", ...: how a question or an attempt ended, in a few words.
std::string to_words(AnswerStatus status, Family family);
std::string to_words(AnswerStatus status, RecordType type);
std::string to_words(const std::error_code& cause);

}  // namespace gladhand
