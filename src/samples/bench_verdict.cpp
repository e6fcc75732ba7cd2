#include "samples/bench_verdict.hpp"

#include <algorithm>

#include "samples/comparison.hpp"
#include "samples/findings.hpp"

namespace gladhand {

namespace {

Sentences own_verdicts(const HostSamples& host, std::span<const Summary> summaries) {
  const Findings findings{host, summaries};
  Sentences told;
  tell_of_race(findings, told);
  tell_of_families(findings, told);
  tell_of_samples(findings, told);
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
    HostSamples part{.host = host.host,
                     .port = host.port,
                     .labels = host.labels,
                     .addresses = host.addresses,
                     .locals = host.locals,
                     .texts = host.texts};
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

}  // namespace gladhand
