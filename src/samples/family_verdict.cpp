// The sentences about IPv6 and IPv4: broken, slow, answered late.
#include <algorithm>
#include <cmath>

#include "base/duration.hpp"
#include "samples/findings.hpp"
#include "samples/statistics.hpp"

namespace gladhand {

namespace {

struct FamilyCount {
  std::size_t attempts = 0;
  std::size_t connected = 0;
  std::size_t refused_or_unreachable = 0;
  std::size_t timed_out = 0;
  std::size_t given_up = 0;  // after a long wait, because the other family had connected
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
      switch (attempt.outcome) {
        case AttemptOutcome::success: ++count.connected; break;
        case AttemptOutcome::failure: ++count.refused_or_unreachable; break;
        case AttemptOutcome::timeout: ++count.timed_out; break;
        case AttemptOutcome::canceled: ++count.given_up; break;
      }
    }
  }
  return count;
}

// What was only given up may be slow as well.
std::string describe_unconnected(Family family, const FamilyCount& count) {
  const std::string name(to_string(family));
  const std::string attempts =
      std::to_string(count.attempts) + (count.attempts == 1 ? " attempt" : " attempts");
  if (count.given_up == count.attempts)
    return name + " is slow or broken: in " + attempts + " it had not connected by the time that " +
           std::string(to_string(other(family))) + " did; --compare " +
           (family == Family::ipv6 ? "v6" : "v4") + " tells which";
  const bool silent = count.timed_out + count.given_up >= count.refused_or_unreachable;
  return name + " is broken: none of " + attempts + " connected (" +
         (silent ? "no answer" : "refused or unreachable") + ')';
}

void tell_broken(const Findings& findings, Sentences& told) {
  for (const Family family : broken_families(findings.host))
    told.push_back(describe_unconnected(family, count_family(findings.host, family)));
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

// Samples that knew IPv4 addresses and went on without an answer for IPv6. Where A has not been
// answered either, the name server is what fails.
std::size_t count_late_answers(const ModeSamples& mode) {
  const auto is_late = [&mode](const Sample& sample) {
    bool late = false;
    bool knew_others = false;
    for (const QuerySample& query : mode.queries_of(sample)) {
      if (query.family == Family::ipv6) late = !query.status;
      if (query.family == Family::ipv4) knew_others = query.status && query.addresses > 0;
    }
    return late && knew_others;
  };
  return static_cast<std::size_t>(std::ranges::count_if(mode.samples, is_late));
}

void tell_slow_answers(const Findings& findings, Sentences& told) {
  constexpr double noticeable = 20'000;
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const auto& found = findings.summaries[i].phases;
    const auto aaaa = found.find(Phase::dns_aaaa);
    const auto a = found.find(Phase::dns_a);
    if (findings.host.modes[i].mode != "race") continue;
    const std::size_t late = count_late_answers(findings.host.modes[i]);
    const std::size_t samples = findings.summaries[i].count;
    if (late * 2 > samples) {
      told.push_back("AAAA answers come too late: the race went on without them in " +
                     of(late, samples) + " samples");
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

std::vector<Family> broken_families(const HostSamples& host) {
  std::vector<Family> broken;
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    const FamilyCount count = count_family(host, family);
    if (count.attempts > 0 && count.connected == 0 &&
        count_family(host, other(family)).connected > 0)
      broken.push_back(family);
  }
  return broken;
}

void tell_of_families(const Findings& findings, Sentences& told) {
  tell_broken(findings, told);
  tell_slow_family(findings, told);
  tell_slow_answers(findings, told);
}

}  // namespace gladhand
