// Trace: JSON lines, one object an event, named as the Happy Eyeballs qlog draft
// (draft-kuehlewind-happy-qlog) names them where it does. gladhand(1) documents the fields.
#pragma once

#include <string>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

class Trace {
 public:
  /// The format's version, in every config_set. Grows when a field changes its meaning or goes.
  static constexpr int version = 1;

  /// The event's lines, each with its line end; none for what the trace does not show.
  std::string lines(const Event& event);

 private:
  struct Query {
    Family family{};
    CandidateGroup group{};
    Moment asked{};
  };

  struct Attempt {
    Endpoint endpoint;
    Moment started{};
    bool ended = true;  // or never begun
  };

  void write(const Configured& event);
  void write(const DialStarted& event);
  void write(const AnswerReceived& event);
  void write(const ServiceAnswered& event);
  void write(const AddressesFound& event);
  void write(const Prepared& event);
  void write(const Connected& event);
  void write(const Established& event);
  void write(const ConnectBegun& /*event*/) {}
  void write(const AttemptFailed& event);
  void write(const SendQuery& event);
  void write(const SendServiceQuery& event);
  void write(const Prepare& event);
  void write(const StartAttempt& event);
  void write(const CancelAttempt& event);
  void write(const Finish& event);
  void write(const DuplicateRemoved& event);
  void write(const HintWithdrawn& event);
  void write(const CandidatesSorted& event);
  void write(const HistoryWeighed& event);
  void write(const TimerSet& event);
  void write(const TimerFired& event);
  void write(const TimerCanceled& event);
  void write(const HistoryRead& event);
  void write(const HistoryWritten& event);
  void write(const NextName& event);
  void write(const AskedAgain& event);
  void write(const NamesAsked& event);
  void write(const ServerAnswered& event);
  void write(const Pref64Asked& event);
  void write(const Pref64Learned& event);
  void write(const FellBackToTcp& event);
  void write(const HandshakeStarted& event);
  void write(const HandshakeFinished& event);
  void write(const FoundSlow& event);
  void write(const RouteTried& event);
  void write(const RetryScheduled& event);
  void write(const HandedOver& event);
  void write(const RelayStarted& event);
  void write(const RelayEnded& event);
  void write(const DialEnded& event);

  void discovered(const std::vector<Candidate>& candidates, std::string_view origin);
  void outcome(AttemptId attempt, std::string_view outcome, const std::error_code& cause = {});

  Moment now_{};
  std::string out_;
  std::string origin_;
  std::vector<Attempt> attempts_;  // by AttemptId
  std::vector<Query> queries_;
  Moment service_asked_{};
  Moment pref64_asked_{};
  int started_ = 0;
  int succeeded_ = 0;
  int failed_ = 0;
  int canceled_ = 0;
  Moment first_success_{};
  std::string first_success_family_;
};

}  // namespace gladhand
