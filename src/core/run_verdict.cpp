// The sentences about a whole run.
#include <algorithm>

#include "findings.hpp"
#include "gladhand/bench_verdict.hpp"
#include "gladhand/comparison.hpp"
#include "gladhand/duration.hpp"

namespace gladhand {

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
