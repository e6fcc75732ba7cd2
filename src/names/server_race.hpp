// ServerRace: one question and the name servers that it may go to, Happy Eyeballs for them. A pure
// machine as Race is: told what servers said and what time it is, it orders whom to ask.
#pragma once

#include <optional>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

class ServerRace {
 public:
  struct Options {
    std::size_t servers = 1;
    Moment attempt_delay = std::chrono::milliseconds(250);    ///< silence that asks the next one
    Moment resolution_delay = std::chrono::milliseconds(50);  ///< that a negative answer is held
    Moment timeout = std::chrono::seconds(10);                ///< that the question is open
    unsigned sends = 4;                                       ///< to a server that keeps silent
    unsigned failures = 2;  ///< of a server, until it is asked no more
    /// In place of attempt_delay, by server, where a question before this one has taught it: 0 for
    /// one that kept silent.
    std::vector<std::optional<Moment>> known_delays{};
  };

  /// Servers are numbered from 0, the preferred first.
  using ServerId = std::size_t;

  /// Sends the question to a server: over TCP for AskReason::truncated, else as it was sent before.
  struct Ask {
    ServerId server{};
    AskReason reason{};
    unsigned times{};  ///< how often it has been asked by then
  };

  /// How the question ended. Where it brought addresses they are those of `server`.
  struct Verdict {
    AnswerStatus status{};
    ServerId server{};
  };

  ServerRace(const Options& options, Moment now);

  /// Whom to ask first.
  std::vector<Ask> begin();

  /// A server has answered; no_answer: it cannot be reached. Answers count however late they come,
  /// and more than one of a server may.
  std::vector<Ask> take(ServerId server, AnswerStatus said, Moment now);

  /// A server's answer did not fit a datagram; `partial` when it had addresses all the same.
  std::vector<Ask> truncated(ServerId server, bool partial, Moment now);

  std::vector<Ask> pass_time(Moment now);

  /// When to call pass_time if nothing else happens. After it was called the deadline has moved.
  std::optional<Moment> deadline() const;

  const std::optional<Verdict>& verdict() const { return verdict_; }

  /// How many servers have been asked: the first ones.
  std::size_t asked() const { return asked_; }

  /// Whether a server has said nothing at all.
  bool silent(ServerId server) const;

 private:
  struct Server {
    bool open = false;  // asked, and nothing heard since
    bool over_tcp = false;
    bool partial = false;  // what it sent over UDP had addresses
    unsigned sends = 0;
    unsigned failures = 0;
    std::optional<AnswerStatus> said{};
    std::optional<Moment> repeat_at{};
    Moment gap{};  // to the repetition after the next
  };

  void ask(ServerId server, AskReason reason, Moment now);
  void ask_next(AskReason reason, Moment now);
  void failed(ServerId server, Moment now);
  void denied(ServerId server, AnswerStatus said, Moment now);
  Moment delay_of(ServerId server) const;
  bool anybody_open() const;
  bool has_unasked() const { return asked_ < servers_.size(); }
  static AskReason reason_of(const Server& server);
  void give_up();

  Options options_;
  std::vector<Server> servers_;
  std::vector<Ask> orders_;
  std::size_t asked_ = 0;
  Moment end_;
  std::optional<Moment> next_at_;     // when the next unasked server's turn comes
  std::optional<Moment> hold_until_;  // a negative answer is held
  std::optional<Verdict> verdict_;
};

}  // namespace gladhand
