// The sentences about a whole run.
#include <algorithm>
#include <cstdint>

#include "base/duration.hpp"
#include "samples/bench_verdict.hpp"
#include "samples/comparison.hpp"
#include "samples/findings.hpp"
#include "samples/versions.hpp"

namespace gladhand {

namespace {

constexpr const char* own_latencies =
    "the latencies are this program's own as much as the network's";

// Hosts that were never dialled say nothing of themselves.
void tell_hosts(std::span<const std::vector<Summary>> summaries, Sentences& told) {
  std::size_t dialled = 0;
  std::size_t connecting = 0;
  for (const std::vector<Summary>& modes : summaries) {
    if (std::ranges::any_of(modes, &Summary::count)) ++dialled;
    if (std::ranges::any_of(modes, &Summary::any_connected)) ++connecting;
  }
  const std::size_t all = summaries.size();
  if (all > 1 && dialled > 0) told.push_back(of(connecting, dialled) + " hosts connect");
  if (dialled < all)
    told.push_back(of(all - dialled, all) + (all == 1 ? " host was" : " hosts were") +
                   " not reached: the run ended before their first dial that counts");
}

// How a run ended, and what its figures are worth; `from` names it among several.
void tell_ending(bool interrupted,
                 std::uint64_t never_begun,
                 const std::string& from,
                 Sentences& told) {
  if (interrupted) told.push_back(from + "interrupted: this is what there was by then");
  if (never_begun > 0)
    told.push_back(from + std::to_string(never_begun) +
                   (never_begun == 1 ? " dial was" : " dials were") +
                   " due and never begun: the rate was not kept");
}

bool lags(const BenchRun& run, std::span<const std::vector<Summary>> summaries) {
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

void tell_own_run(const BenchRun& run,
                  std::span<const std::vector<Summary>> summaries,
                  Sentences& told) {
  tell_ending(run.interrupted, run.never_begun, "", told);
  if (!lags(run, summaries)) return;
  told.push_back(
      "saturated: this program was " + to_precise_string(static_cast<double>(run.lag.p90.count())) +
      " late in a tenth of all looks at its clock (median " +
      to_precise_string(static_cast<double>(run.lag.median.count())) + "), so " + own_latencies);
}

void tell_sources(const BenchRun& run, Sentences& told) {
  for (const BenchSource& source : run.sources) {
    const std::string from = run.sources.size() > 1 ? "from " + source.vantage + ": " : "";
    tell_ending(source.interrupted, source.never_begun, from, told);
    if (source.saturated && source.never_begun == 0)
      told.push_back(from + "saturated, so " + own_latencies);
    const BenchSource& first = run.sources.front();
    const std::string unlike = describe_unlike(first, source);
    if (unlike.empty()) continue;
    const bool another_end = source.terms.until_banner != first.terms.until_banner;
    told.push_back(from + "measured unlike " + first.vantage + ": " + unlike +
                   (another_end ? "; nothing is compared between the two" : ""));
  }
}

}  // namespace

bool is_saturated(const BenchRun& run, std::span<const std::vector<Summary>> summaries) {
  if (!run.sources.empty()) return std::ranges::any_of(run.sources, &BenchSource::saturated);
  return run.never_begun > 0 || lags(run, summaries);
}

std::vector<std::string> run_verdicts(const BenchRun& run,
                                      std::span<const std::vector<Summary>> summaries) {
  Sentences told;
  tell_hosts(summaries, told);
  for (const std::string& sentence : describe_fleet(run, summaries)) told.push_back(sentence);
  if (run.sources.empty()) {
    tell_own_run(run, summaries, told);
  } else {
    tell_sources(run, told);
  }
  if (const std::string versions = describe_versions(run); !versions.empty())
    told.push_back("not all servers are the same: " + versions);
  tell_busy(run, told);
  tell_of_own_limits(run, told);
  return told;
}

}  // namespace gladhand
