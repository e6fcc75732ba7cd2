// What earlier dials from one network have found out, and what it changes in the next: rules of
// [HEv3 §5.3] and [RFC 8305 §5], with a filter for what does not answer. Counts, not clocks, decide
// when something is tried again: whoever dials often learns often.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

/// One address and port.
struct KnownEndpoint {
  Endpoint endpoint;
  std::string host{};                      ///< what it was last dialled for
  std::chrono::microseconds round_trip{};  ///< smoothed [RFC 6298 §2.3]; 0: not known
  std::chrono::microseconds variation{};   ///< of that
  std::uint32_t won = 0;                   ///< dials
  std::uint32_t failures = 0;              ///< in a row, in dials that another address won
  std::uint32_t passed_over = 0;           ///< dials since the last time it was tried
  std::chrono::seconds used{};             ///< when last, since 1970
  std::size_t line = 0;  ///< where it stands in the text it was read from; 0 once it has changed
};

/// One family.
struct KnownFamily {
  std::uint32_t failures = 0;     ///< addresses that failed, one after the other, none between them
                                  ///< that answered
  std::uint32_t passed_over = 0;  ///< dials since one of its was tried
};

/// What is known on one network.
struct History {
  std::array<KnownFamily, 2> families{};  ///< by Family
  std::vector<KnownEndpoint> endpoints{};

  const KnownEndpoint* find(const Endpoint& endpoint) const;
};

/// An address that has failed is put last until it was passed over this often, and then tried in
/// its turn, once. The same holds for a family.
inline constexpr std::uint32_t dials_between_probes = 15;

/// A family is broken here once so many of its addresses have failed, and none answered.
inline constexpr std::uint32_t failures_of_broken_family = 3;

/// [RFC 8305 §8] what a Connection Attempt Delay that follows the round trip is at least.
inline constexpr std::chrono::microseconds min_followed_delay = std::chrono::milliseconds(100);

/// How history sees one candidate of a dial.
struct Standing {
  HistoryVerdict verdict = HistoryVerdict::none;
  int round_trip_class = 0;  ///< lower is nearer; what is not known is behind all that is
  bool used = false;         ///< has won here, and not failed since

  bool is_last() const {
    return verdict == HistoryVerdict::address_failed || verdict == HistoryVerdict::family_failed;
  }
};

/// The family that is broken here and not to be tried now; none when both are.
std::optional<Family> broken_family(const History& history);

/// The standing of each of `candidates`.
std::vector<Standing> standings(const History& history, std::span<const Candidate> candidates);

/// When the attempt after one at `endpoint` is due: once its first SYN would be sent again by
/// [RFC 6298 §2], in the bounds of [RFC 8305 §8]. Empty where no round trip is known.
std::optional<std::chrono::microseconds> followed_delay(const History& history,
                                                        const Endpoint& endpoint);

/// What a race that ended at `now` teaches. Only one that somebody won teaches anything: else it is
/// the network that has failed, or the host. What is on this machine or its link alone is not
/// remembered. `delays` has, by AttemptId, what the next attempt waited for it.
std::vector<HistoryChange> lessons(const History& history,
                                   const Finish& finish,
                                   std::span<const Moment> delays,
                                   Moment now);

/// What is remembered of a network at most; the endpoint that was used longest ago goes first.
inline constexpr std::size_t most_known_endpoints = 64;

/// Adds what was learned at `now`, since 1970, for `host`. `round_trip` is the winner's.
void learn(History& history,
           std::span<const HistoryChange> changes,
           const std::string& host,
           std::optional<std::chrono::microseconds> round_trip,
           std::chrono::seconds now);

}  // namespace gladhand
