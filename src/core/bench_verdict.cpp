#include "gladhand/bench_verdict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "gladhand/comparison.hpp"
#include "gladhand/duration.hpp"

namespace gladhand {

namespace {

using Sentences = std::vector<std::string>;

// What of a host the sentences about it are made from.
struct Findings {
  const HostSamples& host;
  std::span<const Summary> summaries;

  /// The position of a mode that connected at all.
  std::optional<std::size_t> find(std::string_view mode) const {
    for (std::size_t i = 0; i < host.modes.size(); ++i)
      if (host.modes[i].mode == mode && summaries[i].any_connected()) return i;
    return std::nullopt;
  }
};

std::string of(std::size_t part, std::size_t all) {
  return std::to_string(part) + " of " + std::to_string(all);
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f %%", share > 0 && share < 0.1 ? 1 : 0, share * 100);
  return text;
}

// A mode's name in front of a sentence, where there is more than one to tell apart.
std::string prefix(const Findings& of, std::size_t mode) {
  return of.host.modes.size() > 1 ? of.host.modes[mode].mode + ": " : std::string();
}

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
  constexpr double noticeable = 50;
  constexpr double share = 0.01;
  const Summary& a = findings.summaries[race];
  const Summary& b = findings.summaries[other];
  const auto interval = median_difference_interval(a.sorted, b.sorted);
  const double difference = a.median - b.median;
  const std::string medians =
      " (medians " + to_precise_string(a.median) + " and " + to_precise_string(b.median) + ")";
  if (!interval) {
    told.push_back("the race takes " + to_precise_string(a.median) + ", " + against + ' ' +
                   to_precise_string(b.median) + ": too few samples to tell them apart");
  } else if ((interval->low <= 0 && interval->high >= 0) ||
             std::abs(difference) < std::max(noticeable, share * b.median)) {
    told.push_back("the race is as fast as " + against + medians);
  } else {
    told.push_back(std::string("the race ") + (difference < 0 ? "saves " : "costs ") +
                   to_precise_string(std::abs(difference)) + " against " + against + medians);
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
  for (std::size_t i = 0; i < findings.host.modes.size(); ++i)
    if (findings.host.modes[i].mode.starts_with("delay=") && findings.summaries[i].any_connected())
      compare(findings, *race, i, findings.host.modes[i].mode, told);
}

// --- broken or slow families ---------------------------------------------------------------

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

// --- failures ------------------------------------------------------------------------------

// Samples that fail after others had connected, to the end: a server that has begun to refuse.
bool failed_from_some_point_on(const ModeSamples& mode) {
  constexpr std::ptrdiff_t several = 3;
  std::vector<const Sample*> ordered;
  for (const Sample& sample : mode.samples) ordered.push_back(&sample);
  std::ranges::sort(ordered, {}, &Sample::started);
  const auto is_turned_away = [](const Sample* sample) {
    return sample->outcome == SampleOutcome::refused || sample->outcome == SampleOutcome::closed;
  };
  const auto last_good = std::find_if_not(ordered.rbegin(), ordered.rend(), is_turned_away);
  return last_good != ordered.rend() && (*last_good)->outcome == SampleOutcome::connected &&
         last_good - ordered.rbegin() >= several;
}

// The one cause of all failures, where every dial of every mode failed for it.
std::optional<std::string_view> only_cause(const Findings& findings) {
  std::optional<std::string_view> cause;
  for (const ModeSamples& mode : findings.host.modes) {
    for (const Sample& sample : mode.samples) {
      const std::string_view error = findings.host.error_of(sample);
      if (sample.outcome == SampleOutcome::connected || error != cause.value_or(error))
        return std::nullopt;
      cause = error;
    }
  }
  return cause;
}

void tell_failures(const Findings& findings, Sentences& told) {
  if (const auto cause = only_cause(findings); cause && findings.summaries.size() > 1) {
    told.push_back("every dial failed: " + std::string(*cause));
    return;
  }
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const Summary& summary = findings.summaries[i];
    const ModeSamples& mode = findings.host.modes[i];
    if (summary.failures == 0) continue;
    const auto penalised =
        std::ranges::count(mode.samples, SampleOutcome::penalised, &Sample::outcome);
    const auto failed = std::ranges::find_if(
        mode.samples, [](const Sample& s) { return s.outcome != SampleOutcome::connected; });
    told.push_back(prefix(findings, i) + of(summary.failures, summary.count) + " failed (" +
                   percent(summary.loss()) + "): " + std::string(findings.host.error_of(*failed)));
    if (penalised > 0) {
      told.push_back(
          prefix(findings, i) +
          "the server turns this client away (PerSourcePenalties or MaxStartups of sshd) in " +
          of(static_cast<std::size_t>(penalised), summary.count) + " samples");
    } else if (failed_from_some_point_on(mode)) {
      told.push_back(prefix(findings, i) +
                     "it connected at first and then refused: the server may limit this client");
    }
  }
}

// --- the shape of the samples --------------------------------------------------------------

// One mark a sample, in the order of their starts: o for the faster group, ^ for the slower.
std::string sequence(const ModeSamples& mode, double split) {
  constexpr std::size_t most = 60;
  std::vector<const Sample*> ordered;
  for (const Sample& sample : mode.samples) ordered.push_back(&sample);
  std::ranges::sort(ordered, {}, &Sample::started);
  std::string marks;
  for (const Sample* sample : ordered) {
    if (marks.size() == most) return marks + "...";
    if (sample->outcome != SampleOutcome::connected) {
      marks += 'x';
    } else {
      marks += static_cast<double>(sample->total.count()) > split ? '^' : 'o';
    }
  }
  return marks;
}

void tell_shape(const Findings& findings, Sentences& told) {
  constexpr double noticeable = 1000;
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const Summary& summary = findings.summaries[i];
    if (const auto& two = summary.bimodal) {
      told.push_back(prefix(findings, i) +
                     "two groups: " + std::to_string(summary.sorted.size() - two->slower) +
                     " samples around " + to_precise_string(two->low) + ", " +
                     std::to_string(two->slower) + " around " + to_precise_string(two->high) +
                     "; in order " + sequence(findings.host.modes[i], two->split));
    } else if (const std::size_t outliers = count_outliers(summary.sorted, noticeable);
               outliers > 0) {
      told.push_back(prefix(findings, i) + std::to_string(outliers) +
                     (outliers == 1 ? " outlier" : " outliers") + ", up to " +
                     to_precise_string(summary.max()));
    }
  }
}

}  // namespace

namespace {

Sentences own_verdicts(const HostSamples& host, std::span<const Summary> summaries) {
  const Findings findings{host, summaries};
  Sentences told;
  tell_wins(findings, told);
  tell_costs(findings, told);
  tell_broken(findings, told);
  tell_slow_family(findings, told);
  tell_slow_answers(findings, told);
  tell_failures(findings, told);
  tell_shape(findings, told);
  return told;
}

// What the vantage points of a merged run say against each other, then what each says alone.
Sentences merged_verdicts(const HostSamples& host, std::span<const Summary> summaries) {
  Sentences told;
  for (const Comparison& it : compare_vantages(host, summaries))
    told.push_back(describe(it, host, summaries));
  std::vector<std::string> vantages;
  for (const ModeSamples& mode : host.modes)
    if (std::ranges::find(vantages, mode.vantage) == vantages.end())
      vantages.push_back(mode.vantage);
  for (const std::string& vantage : vantages) {
    HostSamples part{host.host, host.port, host.addresses, host.texts};
    std::vector<Summary> figures;
    for (std::size_t i = 0; i < host.modes.size(); ++i) {
      if (host.modes[i].vantage != vantage) continue;
      part.modes.push_back(host.modes[i]);
      figures.push_back(summaries[i]);
    }
    for (const std::string& sentence : own_verdicts(part, figures))
      told.push_back("from " + vantage + ": " + sentence);
  }
  return told;
}

bool is_merged(const HostSamples& host) {
  return std::ranges::any_of(host.modes, [](const ModeSamples& it) { return !it.vantage.empty(); });
}

}  // namespace

std::vector<std::string> host_verdicts(const HostSamples& host,
                                       std::span<const Summary> summaries) {
  return is_merged(host) ? merged_verdicts(host, summaries) : own_verdicts(host, summaries);
}

bool is_saturated(const BenchRun& run, std::span<const std::vector<Summary>> summaries) {
  if (!run.sources.empty()) return std::ranges::any_of(run.sources, &BenchSource::saturated);
  constexpr double unavoidable = 500;  // what a timer of an idle machine may be late by
  constexpr double share = 0.1;
  double fastest = 0;
  for (const std::vector<Summary>& modes : summaries)
    for (const Summary& summary : modes)
      if (summary.any_connected() && (fastest == 0 || summary.median < fastest))
        fastest = summary.median;
  const auto lag = static_cast<double>(run.lag.p90.count());
  return lag > std::max(unavoidable, share * fastest);
}

std::vector<std::string> run_verdicts(const BenchRun& run,
                                      std::span<const std::vector<Summary>> summaries) {
  Sentences told;
  std::size_t dead = 0;
  for (const std::vector<Summary>& modes : summaries)
    if (std::ranges::none_of(modes, &Summary::any_connected)) ++dead;
  if (run.hosts.size() > 1)
    told.push_back(of(run.hosts.size() - dead, run.hosts.size()) + " hosts connect");
  for (const std::string& sentence : describe_fleet(run, summaries)) told.push_back(sentence);
  for (const BenchSource& source : run.sources)
    if (source.saturated)
      told.push_back((run.sources.size() > 1 ? "from " + source.vantage + ": " : std::string()) +
                     "saturated, so the latencies are the program's own as much as the network's");
  if (run.sources.empty() && is_saturated(run, summaries))
    told.push_back("saturated: this program was " +
                   to_precise_string(static_cast<double>(run.lag.p90.count())) +
                   " late in a tenth of all looks at its clock (median " +
                   to_precise_string(static_cast<double>(run.lag.median.count())) +
                   "), so the latencies are its own as much as the network's");
  return told;
}

}  // namespace gladhand
