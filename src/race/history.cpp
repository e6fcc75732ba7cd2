#include "race/history.hpp"

#include <algorithm>
#include <bit>
#include <climits>
#include <utility>

#include "race/race.hpp"

namespace gladhand {

namespace {

using std::chrono::microseconds;

std::size_t index_of(Family family) {
  return static_cast<std::size_t>(family);
}

bool in_ipv4(const in6_addr& address, unsigned first, unsigned mask, unsigned second) {
  return address.s6_addr[12] == first && (address.s6_addr[13] & mask) == second;
}

// This machine's own addresses, and those whose link has to be named, are of no network.
bool is_remembered(const Endpoint& endpoint) {
  if (!endpoint.family() || endpoint.scope() != 0) return false;
  const in6_addr address = endpoint.mapped();
  if (endpoint.family() == Family::ipv4)
    return address.s6_addr[12] != 127 && !in_ipv4(address, 169, 255, 254);
  return !IN6_IS_ADDR_LOOPBACK(&address);
}

// Only what is far away says something of a family: a site's own addresses ([RFC 1918], [RFC 6598],
// [RFC 4193]) are reached in ways of their own.
bool speaks_for_family(const Endpoint& endpoint) {
  const in6_addr address = endpoint.mapped();
  if (endpoint.family() == Family::ipv6) return (address.s6_addr[0] & 0xE0U) == 0x20U;
  return !(address.s6_addr[12] == 10 || in_ipv4(address, 172, 0xF0U, 16) ||
           in_ipv4(address, 192, 0xFFU, 168) || in_ipv4(address, 100, 0xC0U, 64));
}

// One lost packet is not the end of what has worked.
bool has_failed(const KnownEndpoint& known) {
  return known.failures >= (known.won == 0 ? 1U : 2U);
}

bool is_due(std::uint32_t passed_over) {
  return passed_over >= dials_between_probes;
}

// Two to an octave: the addresses of one place are equals, and round robin among them survives.
int round_trip_class(microseconds round_trip) {
  const auto value = static_cast<std::uint64_t>(std::max<microseconds::rep>(round_trip.count(), 2));
  const auto width = static_cast<int>(std::bit_width(value));
  return 2 * width + static_cast<int>((value >> static_cast<unsigned>(width - 2)) & 1U);
}

HistoryVerdict verdict_on(const KnownEndpoint* known,
                          const KnownFamily& family,
                          bool family_failed) {
  const bool address_failed = known != nullptr && has_failed(*known);
  const bool probe = (address_failed && is_due(known->passed_over)) ||
                     (family_failed && is_due(family.passed_over));
  if (probe) return HistoryVerdict::probe;
  if (address_failed) return HistoryVerdict::address_failed;
  if (family_failed) return HistoryVerdict::family_failed;
  return known == nullptr ? HistoryVerdict::none : HistoryVerdict::known;
}

// [HEv3 §5.3] clients converge: each address that leads has to prove now and then that it should.
bool is_to_be_ignored(const KnownEndpoint* known) {
  return known != nullptr && known->failures == 0 &&
         known->won % (dials_between_probes + 1) == dials_between_probes;
}

// By [RFC 6298 §2.2] and [RFC 6298 §2.3].
void take_round_trip(KnownEndpoint& known, microseconds measured) {
  if (known.round_trip.count() == 0) {
    known.round_trip = measured;
    known.variation = measured / 2;
    return;
  }
  const microseconds difference = std::chrono::abs(known.round_trip - measured);
  known.variation = (3 * known.variation + difference) / 4;
  known.round_trip = (7 * known.round_trip + measured) / 8;
}

KnownEndpoint& remember(History& history, const Endpoint& endpoint) {
  const auto it = std::ranges::find(history.endpoints, endpoint, &KnownEndpoint::endpoint);
  if (it != history.endpoints.end()) {
    it->line = 0;
    return *it;
  }
  history.endpoints.push_back({.endpoint = endpoint});
  return history.endpoints.back();
}

void fail(KnownEndpoint& known, KnownFamily& family) {
  if (speaks_for_family(known.endpoint)) {
    if (known.failures == 0) ++family.failures;
    if (family.failures >= failures_of_broken_family) family.passed_over = 0;
  }
  ++known.failures;
  known.passed_over = 0;
}

}  // namespace

const KnownEndpoint* History::find(const Endpoint& endpoint) const {
  const auto it = std::ranges::find(endpoints, endpoint, &KnownEndpoint::endpoint);
  return it == endpoints.end() ? nullptr : &*it;
}

namespace {

std::optional<Family> failed_family(const History& history) {
  const auto failed = [&history](Family family) {
    return history.families[index_of(family)].failures >= failures_of_broken_family;
  };
  if (failed(Family::ipv6) == failed(Family::ipv4)) return std::nullopt;
  return failed(Family::ipv6) ? Family::ipv6 : Family::ipv4;
}

}  // namespace

std::optional<Family> broken_family(const History& history) {
  const auto failed = failed_family(history);
  if (!failed || is_due(history.families[index_of(*failed)].passed_over)) return std::nullopt;
  return failed;
}

std::vector<Standing> standings(const History& history, std::span<const Candidate> candidates) {
  std::vector<Standing> result(candidates.size());
  bool ignored = false;
  const auto broken = failed_family(history);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Endpoint& endpoint = candidates[i].endpoint;
    const KnownEndpoint* known = history.find(endpoint);
    result[i].round_trip_class = INT_MAX;
    if (!endpoint.family()) continue;
    const bool family_failed = broken == endpoint.family() && speaks_for_family(endpoint);
    result[i].verdict =
        verdict_on(known, history.families[index_of(*endpoint.family())], family_failed);
    if (known == nullptr) continue;
    ignored = ignored || is_to_be_ignored(known);
    if (known->round_trip.count() > 0)
      result[i].round_trip_class = round_trip_class(known->round_trip);
    result[i].used = known->won > 0 && known->failures == 0;
  }
  if (!ignored) return result;
  for (Standing& standing : result)
    standing = {.verdict = standing.verdict, .round_trip_class = INT_MAX, .used = false};
  return result;
}

std::optional<microseconds> followed_delay(const History& history, const Endpoint& endpoint) {
  const KnownEndpoint* known = history.find(endpoint);
  if (known == nullptr || known->round_trip.count() == 0) return std::nullopt;
  return std::clamp(
      known->round_trip + 4 * known->variation, min_followed_delay, max_connection_attempt_delay);
}

namespace {

using What = HistoryChange::What;

bool was_started(const AttemptReport& it) {
  return it.turn > 0 && it.state != AttemptReport::State::withdrawn;
}

// What became of all attempts at one endpoint that has not won.
class Trial {
 public:
  Trial(const Endpoint& endpoint,
        const Finish& finish,
        std::span<const Moment> delays,
        Moment now) {
    for (std::size_t i = 0; i < finish.attempts.size(); ++i) {
      const AttemptReport& it = finish.attempts[i];
      if (it.endpoint != endpoint || !was_started(it)) continue;
      started_ = true;
      const bool refused = it.state == AttemptReport::State::failed && !is_own_shortage(it.cause);
      const bool silent = it.state == AttemptReport::State::running &&
                          it.started < finish.attempts[finish.winner].started &&
                          now - it.started >= delays[i];
      failed_ = failed_ || refused || silent;
    }
  }

  bool started() const { return started_; }
  bool failed() const { return failed_; }

 private:
  bool started_ = false;
  bool failed_ = false;
};

// Its answer need not have come.
bool was_family_passed_over(const History& history, const Finish& finish) {
  const auto broken = broken_family(history);
  const Endpoint& winner = finish.attempts[finish.winner].endpoint;
  return broken && winner.family() == other(*broken) && is_remembered(winner) &&
         std::ranges::none_of(finish.attempts, [broken](const AttemptReport& it) {
           return it.endpoint.family() == broken && was_started(it);
         });
}

std::vector<Candidate> candidates_of(const Finish& finish) {
  std::vector<Candidate> candidates;
  for (const AttemptReport& it : finish.attempts)
    if (!it.backup_of) candidates.push_back({it.endpoint, std::nullopt});
  return candidates;
}

}  // namespace

std::vector<HistoryChange> lessons(const History& history,
                                   const Finish& finish,
                                   std::span<const Moment> delays,
                                   Moment now) {
  std::vector<HistoryChange> changes;
  if (finish.outcome != Outcome::connected) return changes;
  const Endpoint& winner = finish.attempts[finish.winner].endpoint;
  const std::vector<Candidate> candidates = candidates_of(finish);
  const std::vector<Standing> known = standings(history, candidates);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Endpoint& endpoint = candidates[i].endpoint;
    if (!is_remembered(endpoint)) continue;
    const Trial trial(endpoint, finish, delays, now);
    if (endpoint == winner) {
      changes.push_back({What::won, endpoint});
    } else if (trial.failed()) {
      changes.push_back({What::failed, endpoint});
    } else if (!trial.started() && known[i].verdict == HistoryVerdict::address_failed) {
      changes.push_back({What::passed_over, endpoint});
    }
  }
  if (was_family_passed_over(history, finish))
    changes.push_back({What::family_passed_over, winner});
  return changes;
}

namespace {

constexpr std::chrono::hours longest_memory{24 * 30};

void forget_what_is_old(History& history, std::chrono::seconds now) {
  std::erase_if(history.endpoints, [now](const KnownEndpoint& it) {
    return it.used + longest_memory < now || it.used > now;
  });
  if (history.endpoints.size() <= most_known_endpoints) return;
  std::ranges::stable_sort(history.endpoints, std::ranges::greater(), &KnownEndpoint::used);
  history.endpoints.resize(most_known_endpoints);
}

}  // namespace

void learn(History& history,
           std::span<const HistoryChange> changes,
           const std::string& host,
           std::optional<microseconds> round_trip,
           std::chrono::seconds now) {
  for (const HistoryChange& change : changes) {
    if (change.what == What::family_passed_over) {
      ++history.families[index_of(other(*change.endpoint.family()))].passed_over;
      continue;
    }
    KnownFamily& family = history.families[index_of(*change.endpoint.family())];
    KnownEndpoint& known = remember(history, change.endpoint);
    known.host = host;
    known.used = now;
    if (change.what == What::failed) fail(known, family);
    if (change.what == What::passed_over) ++known.passed_over;
    if (change.what != What::won) continue;
    ++known.won;
    known.failures = 0;
    known.passed_over = 0;
    if (speaks_for_family(known.endpoint)) family = {};
    if (round_trip && round_trip->count() > 0) take_round_trip(known, *round_trip);
  }
  forget_what_is_old(history, now);
}

}  // namespace gladhand
