// A simulated world for the race: answers and peers with their times, a clock that jumps from one
// to the next. What the race orders comes back as lines such as "250 start 192.0.2.1".
#pragma once

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "race/race.hpp"

namespace world {

using namespace std::chrono_literals;
using gladhand::AnswerStatus;
using gladhand::Family;
using gladhand::Moment;

constexpr Moment never = Moment::max();
constexpr Family AAAA = Family::ipv6;
constexpr Family A = Family::ipv4;

using Addresses = std::vector<std::string>;
using Log = std::vector<std::string>;

/// How a question is answered: when, and with what. No address means `status`.
struct Answer {
  Family family{};
  Moment at{};
  Addresses addresses{};
  AnswerStatus status = AnswerStatus::no_address;
};

/// What an address does to an attempt: after this long, connect or fail.
struct Peer {
  Moment after{};
  int error = 0;
  Moment established = never;  ///< before that its transport stands, and its words are awaited
};

/// A host that a service record names: what is asked about it, and what needs no question.
struct Host {
  std::vector<Answer> answers{};
  Addresses known{};
  Addresses hints{};
};

/// The answer to the question for service records.
struct Service {
  Moment at{};
  std::vector<Host> hosts{};
  bool unavailable = false;
  gladhand::RecordType type = gladhand::RecordType::srv;
};

/// What most tests are about: one attempt an endpoint.
inline gladhand::RaceOptions one_attempt_each() {
  gladhand::RaceOptions options;
  options.backup_attempt = false;
  return options;
}

struct World {
  std::vector<Answer> answers{};
  Addresses known{};
  std::map<std::string, Peer> peers{};   ///< who is not here never answers
  std::map<std::string, Peer> second{};  ///< what it does to a backup attempt; else as to the first
  gladhand::RaceOptions options = one_attempt_each();
  gladhand::PolicyTable policy{};
  int descriptors = 1000;  ///< one for each attempt that runs
  std::optional<Service> service{};
};

inline gladhand::Candidate candidate(const std::string& address) {
  const auto endpoint = gladhand::parse_address(address, 22);
  gladhand::Source source;
  source.address =
      *gladhand::parse_address(endpoint->family() == AAAA ? "2001:db8:ffff::1" : "198.51.100.1", 0);
  source.prefix_length = endpoint->family() == AAAA ? 64 : 120;
  return {*endpoint, source};
}

inline std::vector<gladhand::Candidate> candidates(
    const Addresses& addresses, gladhand::CandidateGroup group = gladhand::unassociated) {
  std::vector<gladhand::Candidate> result;
  for (const std::string& address : addresses) {
    result.push_back(candidate(address));
    result.back().group = group;
  }
  return result;
}

inline gladhand::AnswerReceived answer(Family family,
                                       const Addresses& addresses,
                                       AnswerStatus negative = AnswerStatus::no_address,
                                       gladhand::CandidateGroup group = gladhand::unassociated) {
  return {.family = family,
          .status = addresses.empty() ? negative : AnswerStatus::addresses,
          .candidates = candidates(addresses, group),
          .source = {},
          .group = group};
}

inline gladhand::ServiceAnswered service_answer(const Service& service) {
  gladhand::ServiceAnswered fact{
      .type = service.type,
      .status = service.hosts.empty() ? AnswerStatus::no_such_name : AnswerStatus::addresses};
  fact.unavailable = service.unavailable;
  for (const Host& host : service.hosts) {
    gladhand::ServiceHost named{.name = "host.example", .port = 22};
    for (const Answer& it : host.answers) named.questions.push_back(it.family);
    named.known = candidates(host.known, static_cast<gladhand::CandidateGroup>(fact.hosts.size()));
    for (auto& hint :
         candidates(host.hints, static_cast<gladhand::CandidateGroup>(fact.hosts.size()))) {
      hint.is_hint = true;
      named.known.push_back(hint);
    }
    fact.hosts.push_back(named);
  }
  return fact;
}

/// Runs one race to its end, or to where only the overall deadline is left to come and passes it.
class Simulation {
 public:
  explicit Simulation(const World& world) : world_(world), race_(world.options, world.policy) {
    std::vector<Family> questions;
    for (const Answer& it : world_.answers) questions.push_back(it.family);
    std::optional<gladhand::RecordType> service;
    if (world_.service) service = world_.service->type;
    tell(gladhand::DialStarted{questions, candidates(world_.known), service});
  }

  Log run() {
    for (int turns = 0; !race_.finished(); ++turns) {
      REQUIRE(turns < 10000);
      turn();
    }
    return log_;
  }

  /// The race's own list of what became of each attempt, after run().
  const gladhand::Finish& finish() const { return finish_; }

  /// All actions, decisions included, with their times.
  const std::vector<std::pair<Moment, gladhand::Action>>& actions() const { return actions_; }

  gladhand::Race& race() { return race_; }

 private:
  struct Pending {
    Moment at{};
    gladhand::Fact fact;
  };

  // Tells all that is due at the next time something is due: facts first, the clock last.
  void turn() {
    Moment next = *race_.deadline();
    for (const Pending& it : pending_) next = std::min(next, it.at);
    now_ = std::max(next, now_);
    for (std::size_t i = 0; i < pending_.size();) {
      if (pending_[i].at > now_) {
        ++i;
        continue;
      }
      const gladhand::Fact fact = pending_[i].fact;
      if (std::holds_alternative<gladhand::AttemptFailed>(fact)) --running_;
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
      tell(fact);
    }
    const auto deadline = race_.deadline();
    if (deadline && *deadline <= now_) tell(gladhand::TimePassed{});
  }

  void tell(const gladhand::Fact& fact) {
    for (const gladhand::Action& action : race_.step(fact, now_)) {
      actions_.emplace_back(now_, action);
      std::visit([this](const auto& it) { carry_out(it); }, action);
    }
  }

  void carry_out(const gladhand::SendQuery& order) {
    const bool of_host = order.group != gladhand::unassociated;
    note("query " + std::string(gladhand::question_type(order.family)) +
         (of_host ? ' ' + std::to_string(order.group) : ""));
    for (const Answer& it : of_host ? world_.service->hosts[order.group].answers : world_.answers)
      if (it.family == order.family && it.at != never)
        pending_.push_back({now_ + it.at, answer(it.family, it.addresses, it.status, order.group)});
  }

  void carry_out(const gladhand::SendServiceQuery& order) {
    note("query " + std::string(gladhand::to_string(order.type)));
    if (world_.service->at != never)
      pending_.push_back({now_ + world_.service->at, service_answer(*world_.service)});
  }

  void carry_out(const gladhand::StartAttempt& order) {
    const std::string address = gladhand::to_string(order.endpoint);
    names_[order.attempt] = address + (order.backup_of ? " again" : "");
    note("start " + names_[order.attempt]);
    if (running_ == world_.descriptors) {
      ++running_;
      pending_.push_back(
          {now_, gladhand::AttemptFailed{order.attempt, {EMFILE, std::system_category()}}});
      return;
    }
    ++running_;
    const Peer peer = peer_of(address, order.backup_of.has_value());
    if (peer.established != never)
      pending_.push_back({now_ + peer.established, gladhand::Established{order.attempt}});
    if (peer.after == never) return;
    const Moment at = now_ + peer.after;
    if (peer.error == 0) {
      pending_.push_back({at, gladhand::Connected{order.attempt}});
    } else {
      pending_.push_back(
          {at, gladhand::AttemptFailed{order.attempt, {peer.error, std::system_category()}}});
    }
  }

  Peer peer_of(const std::string& address, bool again) const {
    if (const auto it = world_.second.find(address); again && it != world_.second.end())
      return it->second;
    const auto it = world_.peers.find(address);
    return it == world_.peers.end() ? Peer{never} : it->second;
  }

  void carry_out(const gladhand::CancelAttempt& order) {
    --running_;
    note("cancel " + names_[order.attempt]);
  }

  void carry_out(const gladhand::Finish& order) {
    finish_ = order;
    switch (order.outcome) {
      case gladhand::Outcome::connected: note("won " + names_[order.winner]); break;
      case gladhand::Outcome::no_address: note("no address"); break;
      case gladhand::Outcome::all_attempts_failed: note("all failed"); break;
      case gladhand::Outcome::timed_out: note("timed out"); break;
    }
  }

  template <typename Decision>
  void carry_out(const Decision& /*decision*/) {}

  void note(const std::string& what) { log_.push_back(std::to_string(now_ / 1ms) + ' ' + what); }

  World world_;
  gladhand::Race race_;
  Moment now_{};
  int running_ = 0;
  std::vector<Pending> pending_;
  std::map<gladhand::AttemptId, std::string> names_;
  std::vector<std::pair<Moment, gladhand::Action>> actions_;
  gladhand::Finish finish_;
  Log log_;
};

inline Log run(const World& world) {
  return Simulation(world).run();
}

/// run() without the questions and cancellations: only who starts and how it ends.
inline Log starts(const World& world) {
  Log log = run(world);
  std::erase_if(log, [](const std::string& line) {
    return line.find("query") != line.npos || line.find("cancel") != line.npos;
  });
  return log;
}

constexpr Peer refuses{0ms, ECONNREFUSED};

}  // namespace world
