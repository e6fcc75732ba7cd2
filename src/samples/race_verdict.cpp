// The sentences that compare the race with other ways to dial.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/duration.hpp"
#include "samples/findings.hpp"

namespace gladhand {

namespace {

// --- who wins ------------------------------------------------------------------------------

// An address that the user gave has nobody to race against.
bool is_literal(const HostSamples& host) {
  return host.addresses.size() == 1 && to_string(host.addresses.front()) == host.host;
}

void tell_wins(const Findings& findings, Sentences& told) {
  if (is_literal(findings.host)) return;
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const Summary& summary = findings.summaries[i];
    const std::size_t wins = summary.ipv6_wins + summary.ipv4_wins;
    if (findings.host.modes[i].mode != "race" || wins == 0) continue;
    const bool ipv6 = summary.ipv6_wins >= summary.ipv4_wins;
    told.push_back(std::string(ipv6 ? "IPv6" : "IPv4") + " wins " +
                   of(ipv6 ? summary.ipv6_wins : summary.ipv4_wins, wins) +
                   (wins == 1 ? " race" : " races"));
  }
}

// --- what the race costs or saves ----------------------------------------------------------

void compare(const Findings& findings,
             std::size_t race,
             std::size_t other,
             const std::string& against,
             Sentences& told) {
  const Summary& a = findings.summaries[race];
  const Summary& b = findings.summaries[other];
  const auto interval = median_difference_interval(a.sorted, b.sorted);
  const double difference = a.median - b.median;
  const double noticeable = std::max(50.0, b.median / 100);
  const std::string medians =
      "medians " + to_precise_string(a.median) + " and " + to_precise_string(b.median);
  if (!interval) {
    told.push_back("the race takes " + to_precise_string(a.median) + ", " + against + ' ' +
                   to_precise_string(b.median) + ": too few samples to tell them apart");
  } else if (interval->low <= 0 && interval->high >= 0 &&
             interval->high - interval->low > noticeable) {
    told.push_back(counts(a, b) + " samples show no difference between the race and " + against +
                   " (" + medians + "; 95 % interval of the difference " +
                   signed_words(interval->low) + " to " + signed_words(interval->high) + ')');
  } else if ((interval->low <= 0 && interval->high >= 0) || std::abs(difference) < noticeable) {
    told.push_back("the race is as fast as " + against + " (" + medians + ')');
  } else {
    told.push_back(std::string("the race ") + (difference < 0 ? "saves " : "costs ") +
                   to_precise_string(std::abs(difference)) + " against " + against + " (" +
                   medians + ')');
  }
}

void tell_costs(const Findings& findings, Sentences& told) {
  const auto race = findings.find("race");
  if (!race) return;
  const auto ipv6 = findings.find("v6");
  const auto ipv4 = findings.find("v4");
  if (ipv6 && ipv4) {
    const bool ipv6_is_best = findings.summaries[*ipv6].median <= findings.summaries[*ipv4].median;
    const std::pair<std::size_t, const char*> v6{*ipv6, "IPv6 alone"};
    const std::pair<std::size_t, const char*> v4{*ipv4, "IPv4 alone"};
    const auto& best = ipv6_is_best ? v6 : v4;
    const auto& worst = ipv6_is_best ? v4 : v6;
    compare(findings, *race, best.first, std::string("the faster family, ") + best.second, told);
    compare(findings, *race, worst.first, std::string("the slower family, ") + worst.second, told);
  } else if (ipv6) {
    compare(findings, *race, *ipv6, "IPv6 alone", told);
  } else if (ipv4) {
    compare(findings, *race, *ipv4, "IPv4 alone", told);
  }
  if (const auto sequential = findings.find("sequential"))
    compare(findings, *race, *sequential, "one address after another", told);
  if (const auto alone = findings.find("no-backup"))
    compare(findings, *race, *alone, "no backup attempts", told);
  for (std::size_t i = 0; i < findings.host.modes.size(); ++i)
    if (findings.host.modes[i].mode.starts_with("delay=") && findings.summaries[i].any_connected())
      compare(findings, *race, i, findings.host.modes[i].mode, told);
}

}  // namespace

void tell_of_race(const Findings& findings, Sentences& told) {
  tell_wins(findings, told);
  tell_costs(findings, told);
}

}  // namespace gladhand
