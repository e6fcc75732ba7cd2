// SampleBuilder: makes one Sample out of the events of one dial.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/transport_facts.hpp"
#include "samples/sample.hpp"

namespace gladhand {

/// What a dial's events do not hold.
struct SampleFrame {
  std::uint32_t number = 0;
  Moment intended{};  ///< since the run began
  Moment started{};   ///< the same
  Moment lag{};       ///< the longest that this program was late meanwhile
};

/// What came of waiting for the server's first line.
struct BannerResult {
  enum class Kind : std::uint8_t {
    line,       ///< an identification, or that it turns this client away
    other,      ///< a line that no SSH server begins with
    closed,
    timed_out,
  };

  Kind kind{};
  std::string line{};  ///< without its end
  Moment at{};         ///< since the connection's dial began
};

class SampleBuilder {
 public:
  /// Forgets the dial before.
  void begin();

  /// Takes one event of the dial. Through proxies a dial may race more than once: the times of a
  /// later race go on where those of the one before ended.
  void take(const Event& event);

  /// What the kernel knew of the connection when it stood.
  void set_transport(TransportFacts facts) { transport_ = std::move(facts); }

  /// The wait that followed the dial.
  void set_banner(const BannerResult& result);

  /// Something was missing here, not there: the dial that has failed was this machine's to fail.
  void set_own_limit(const std::string& what);

  bool connected() const { return outcome_ == SampleOutcome::connected; }
  SampleOutcome outcome() const { return outcome_; }

  /// What went wrong, in words.
  const std::string& error() const { return error_; }

  /// The addresses that were tried.
  std::vector<Endpoint> tried() const;

  /// Adds what was built to the mode's samples.
  void store(const SampleFrame& frame, HostSamples& host, ModeSamples& mode) const;

 private:
  struct Attempt {
    Endpoint endpoint;
    AttemptSample sample{};
    bool started = false;
    bool ended = false;
  };

  void on(const Configured& event);
  void on(const HandshakeStarted& event);
  void on(const HandshakeFinished& event);
  void on(const AnswerReceived& event);
  void on(const SendQuery& event);
  void on(const StartAttempt& event);
  void on(const ConnectBegun& event);
  void on(const Connected& event);
  void on(const AttemptFailed& event);
  void on(const CancelAttempt& event);
  void on(const Finish& event);
  void on(const DialEnded& event);
  template <typename Other>
  void on(const Other& /*event*/) {}

  void end(AttemptId id, AttemptOutcome outcome, int error = 0);
  void judge(const LostRace& race);
  void judge(const Error& error);
  void judge_failures();
  std::vector<AttemptId> by_start() const;

  Moment now_{};
  Moment race_began_{};  // this and the next two: of the race that runs
  std::size_t first_query_ = 0;
  AttemptId first_attempt_ = 0;
  Moment handshake_began_{};
  std::optional<Moment> proxy_;
  std::vector<QuerySample> queries_;
  std::vector<Attempt> attempts_;  // by AttemptId, race after race
  std::optional<AttemptId> winner_;
  bool finished_ = false;
  Moment total_{};
  std::optional<Moment> banner_;
  SampleOutcome outcome_ = SampleOutcome::failed;
  std::string error_;
  std::string first_line_;
  std::optional<TransportFacts> transport_;
};

}  // namespace gladhand
