#include "samples/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/duration.hpp"
#include "samples/findings.hpp"

namespace gladhand {

namespace {

using Verdict = Comparison::Verdict;

Verdict judge(const Summary& first, const Summary& second, const std::optional<Interval>& ci95) {
  if (!first.any_connected() || !second.any_connected()) return Verdict::unconnected;
  if (!ci95) return Verdict::too_few;
  if (ci95->low > 0) return Verdict::slower;
  if (ci95->high < 0) return Verdict::faster;
  return Verdict::no_difference;
}

std::string rate_words(const std::optional<double>& rate) {
  if (!rate) return "none";
  char text[32];
  std::snprintf(text, sizeof(text), "%g", *rate);
  return text;
}

std::string describe_difference(const Comparison& it,
                                const std::string& other,
                                const std::string& n) {
  const bool slower = it.verdict == Verdict::slower;
  const double ends[] = {slower ? it.ci95->low : -it.ci95->high,
                         slower ? it.ci95->high : -it.ci95->low};
  return to_precise_string(std::abs(it.difference)) + (slower ? " slower" : " faster") +
         " than from " + other + " at the median (95 % interval " + to_precise_string(ends[0]) +
         " to " + to_precise_string(ends[1]) + ", bootstrap, n = " + n + ')';
}

std::string describe_unconnected(const Summary& first,
                                 const Summary& second,
                                 const std::string& from,
                                 const std::string& other) {
  if (!first.any_connected() && !second.any_connected())
    return "nothing connected, nor from " + other;
  const bool second_did = second.any_connected();
  return (second_did ? "connected, but nothing from " + other
                     : "nothing connected, though it did from " + other) +
         " (median " + to_precise_string(second_did ? second.median : first.median) + " from " +
         (second_did ? from : other) + ')';
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::slower: return "slower";
    case Verdict::faster: return "faster";
    case Verdict::no_difference: return "no_difference";
    case Verdict::too_few: return "too_few";
    case Verdict::unconnected: return "unconnected";
  }
  return {};
}

void compare_series(const HostSamples& host,
                    std::span<const BenchSource> sources,
                    std::span<Summary> summaries) {
  const auto until_banner = [&sources](const ModeSamples& mode) {
    const auto source = std::ranges::find(sources, mode.vantage, &BenchSource::vantage);
    return source != sources.end() && source->terms.until_banner;
  };
  for (std::size_t k = 0; k < host.modes.size(); ++k)
    for (std::size_t i = 0; i < k; ++i)
      if (host.modes[i].mode == host.modes[k].mode &&
          until_banner(host.modes[i]) == until_banner(host.modes[k]))
        summaries[k].differences.push_back(
            {i, median_difference_interval(summaries[k].sorted, summaries[i].sorted)});
}

std::vector<Comparison> compare_vantages(const HostSamples& host,
                                         std::span<const Summary> summaries) {
  std::vector<Comparison> found;
  for (std::size_t k = 0; k < host.modes.size(); ++k) {
    const Summary& second = summaries[k];
    for (const Difference& it : second.differences) {
      const Summary& first = summaries[it.other];
      found.push_back(
          {it.other, k, second.median - first.median, it.ci95, judge(first, second, it.ci95)});
    }
  }
  return found;
}

std::string describe(const Comparison& it,
                     const HostSamples& host,
                     std::span<const Summary> summaries) {
  const Summary& first = summaries[it.first];
  const Summary& second = summaries[it.second];
  const std::string& from = host.modes[it.second].vantage;
  const std::string& other = host.modes[it.first].vantage;
  const std::string medians =
      "medians " + to_precise_string(second.median) + " and " + to_precise_string(first.median);
  const std::string begin = host.modes[it.second].mode + " from " + from + ": ";
  switch (it.verdict) {
    case Verdict::slower:
    case Verdict::faster: return begin + describe_difference(it, other, counts(second, first));
    case Verdict::no_difference:
      return begin + "no difference from " + other + " that " + counts(second, first) +
             " samples can show (" + medians + "; 95 % interval of the difference " +
             signed_words(it.ci95->low) + " to " + signed_words(it.ci95->high) + ", bootstrap)";
    case Verdict::too_few:
      return begin + "too few samples to compare with " + other + " (" + counts(second, first) +
             "; 5 are needed)";
    case Verdict::unconnected: return begin + describe_unconnected(first, second, from, other);
  }
  return {};
}

std::string describe_unlike(const BenchSource& first, const BenchSource& second) {
  const BenchTerms& a = first.terms;
  const BenchTerms& b = second.terms;
  std::string text;
  const auto tell = [&text](const char* what, const std::string& now, const std::string& before) {
    if (now == before) return;
    text += (text.empty() ? "" : ", ") + (what + (' ' + now)) + " instead of " + before;
  };
  const auto until = [](const BenchTerms& it) { return it.until_banner ? "banner" : "tcp"; };
  tell("--until", until(b), until(a));
  tell("--rate", rate_words(b.rate), rate_words(a.rate));
  tell("--timeout", to_string(b.timeout), to_string(a.timeout));
  tell("--connection-attempt-delay",
       to_string(b.connection_attempt_delay),
       to_string(a.connection_attempt_delay));
  tell("--resolution-delay", to_string(b.resolution_delay), to_string(a.resolution_delay));
  return text;
}

std::vector<std::string> describe_fleet(const BenchRun& run,
                                        std::span<const std::vector<Summary>> summaries) {
  std::vector<std::string> told;
  if (run.hosts.size() < 2) return told;
  for (std::size_t source = 1; source < run.sources.size(); ++source) {
    const std::string& vantage = run.sources[source].vantage;
    std::size_t all = 0;
    std::map<Verdict, std::size_t> counts;
    for (std::size_t i = 0; i < run.hosts.size(); ++i) {
      for (const Comparison& it : compare_vantages(run.hosts[i], summaries[i])) {
        const std::vector<ModeSamples>& modes = run.hosts[i].modes;
        if (modes[it.second].vantage != vantage ||
            modes[it.first].vantage != run.sources.front().vantage)
          continue;
        ++all;
        ++counts[it.verdict];
      }
    }
    if (all == 0) continue;
    told.push_back("from " + vantage + " against " + run.sources.front().vantage + ": of " +
                   std::to_string(all) + " medians " + std::to_string(counts[Verdict::slower]) +
                   " are slower, " + std::to_string(counts[Verdict::faster]) + " faster, " +
                   std::to_string(counts[Verdict::no_difference]) + " show no difference, " +
                   std::to_string(counts[Verdict::too_few] + counts[Verdict::unconnected]) +
                   " cannot be compared");
  }
  return told;
}

}  // namespace gladhand
