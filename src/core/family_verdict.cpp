// The sentences about IPv6 and IPv4: broken, slow, answered late.
#include <algorithm>
#include <cmath>

#include "findings.hpp"
#include "gladhand/duration.hpp"
#include "gladhand/statistics.hpp"

namespace gladhand {

namespace {

struct FamilyCount {
  std::size_t addresses = 0;  // samples whose questions brought addresses
  std::size_t attempts = 0;
  std::size_t connected = 0;
  std::size_t refused_or_unreachable = 0;
  std::size_t unanswered = 0;  // timed out, or given up after a long wait
};

// An attempt that was given up early says nothing: its family only lost.
FamilyCount count_family(const HostSamples& host, Family family) {
  constexpr Moment long_wait = std::chrono::milliseconds(100);
  FamilyCount count;
  for (const ModeSamples& mode : host.modes) {
    for (const AttemptSample& attempt : mode.attempts) {
      if (host.addresses[attempt.address].family() != family) continue;
      const bool early =
          attempt.outcome == AttemptOutcome::canceled && attempt.end - attempt.start < long_wait;
      if (early) continue;
      ++count.attempts;
      if (attempt.outcome == AttemptOutcome::success) ++count.connected;
      if (attempt.outcome == AttemptOutcome::failure) ++count.refused_or_unreachable;
      if (attempt.outcome == AttemptOutcome::timeout || attempt.outcome == AttemptOutcome::canceled)
        ++count.unanswered;
    }
  }
  return count;
}

void tell_broken(const Findings& findings, Sentences& told) {
  const FamilyCount counts[] = {count_family(findings.host, Family::ipv6),
                                count_family(findings.host, Family::ipv4)};
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    const FamilyCount& count = counts[static_cast<std::size_t>(family)];
    const FamilyCount& rest = counts[static_cast<std::size_t>(other(family))];
    if (count.attempts == 0 || count.connected > 0 || rest.connected == 0) continue;
    told.push_back(std::string(to_string(family)) + " is broken: none of " +
                   std::to_string(count.attempts) +
                   (count.attempts == 1 ? " attempt" : " attempts") + " connected (" +
                   (count.unanswered >= count.refused_or_unreachable ? "no answer"
                                                                     : "refused or unreachable") +
                   ")");
  }
}

void tell_slow_family(const Findings& findings, Sentences& told) {
  constexpr double noticeable = 10'000;
  std::vector<double> times[2];
  for (const ModeSamples& mode : findings.host.modes) {
    for (const Family family : {Family::ipv6, Family::ipv4}) {
      const Phase phase = family == Family::ipv6 ? Phase::connect_ipv6 : Phase::connect_ipv4;
      const std::vector<double> some = sorted_durations(findings.host, mode, phase);
      std::vector<double>& all = times[static_cast<std::size_t>(family)];
      all.insert(all.end(), some.begin(), some.end());
    }
  }
  for (std::vector<double>& some : times) std::ranges::sort(some);
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    const std::vector<double>& mine = times[static_cast<std::size_t>(family)];
    const std::vector<double>& its = times[static_cast<std::size_t>(other(family))];
    if (mine.empty() || its.empty()) continue;
    const double here = percentile(mine, 50);
    const double there = percentile(its, 50);
    if (here < 2 * there || here - there < noticeable) continue;
    told.push_back(std::string(to_string(family)) + " is slow: its connects take " +
                   to_precise_string(here) + ", those of " + std::string(to_string(other(family))) +
                   ' ' + to_precise_string(there));
  }
}

void tell_slow_answers(const Findings& findings, Sentences& told) {
  constexpr double noticeable = 20'000;
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const auto& found = findings.summaries[i].phases;
    const auto aaaa = found.find(Phase::dns_aaaa);
    const auto a = found.find(Phase::dns_a);
    if (findings.host.modes[i].mode != "race") continue;
    std::size_t unanswered = 0;
    for (const QuerySample& query : findings.host.modes[i].queries)
      if (query.family == Family::ipv6 && !query.status) ++unanswered;
    const std::size_t samples = findings.summaries[i].count;
    if (unanswered * 2 > samples) {
      told.push_back("AAAA answers come too late: the race went on without them in " +
                     of(unanswered, samples) + " samples");
    } else if (aaaa != found.end() && a != found.end() &&
               std::abs(aaaa->second.median - a->second.median) > noticeable) {
      const bool slow_aaaa = aaaa->second.median > a->second.median;
      told.push_back(std::string(slow_aaaa ? "AAAA" : "A") + " answers come " +
                     to_precise_string(std::abs(aaaa->second.median - a->second.median)) +
                     " after those of " + (slow_aaaa ? "A" : "AAAA"));
    }
  }
}

}  // namespace

void tell_of_families(const Findings& findings, Sentences& told) {
  tell_broken(findings, told);
  tell_slow_family(findings, told);
  tell_slow_answers(findings, told);
}

}  // namespace gladhand
