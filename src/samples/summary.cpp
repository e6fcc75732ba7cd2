#include "samples/summary.hpp"

#include <algorithm>

#include "samples/best_family.hpp"

namespace gladhand {

namespace {

std::optional<double> percentile_if_any(const std::vector<double>& sorted, double percent) {
  if (!has_percentile(sorted.size(), percent)) return std::nullopt;
  return percentile(sorted, percent);
}

}  // namespace

std::vector<double> sorted_durations(const HostSamples& host,
                                     const ModeSamples& mode,
                                     Phase phase) {
  std::vector<double> values;
  for (const Sample& sample : mode.samples)
    if (const auto time = duration(host, mode, sample, phase))
      values.push_back(static_cast<double>(time->count()));
  std::ranges::sort(values);
  return values;
}

Summary summarise(const HostSamples& host, const ModeSamples& mode) {
  Summary result;
  result.count = mode.samples.size();
  for (const Sample& sample : mode.samples) {
    if (sample.outcome == SampleOutcome::ours) {
      ++result.ours;
      continue;
    }
    if (sample.outcome != SampleOutcome::connected) {
      ++result.failures;
      continue;
    }
    const auto address = host.address_of(mode, sample);
    if (!address) continue;
    if (address->family() == Family::ipv6) ++result.ipv6_wins;
    if (address->family() == Family::ipv4) ++result.ipv4_wins;
  }
  result.sorted = sorted_durations(host, mode, Phase::total);
  result.median = percentile(result.sorted, 50);
  result.p90 = percentile_if_any(result.sorted, 90);
  result.p99 = percentile_if_any(result.sorted, 99);
  result.mean = mean(result.sorted);
  result.median_ci95 = median_interval(result.sorted);
  result.best_family = best_family(host, mode.vantage);
  result.bimodal = find_two_groups(result.sorted);
  for (const Phase phase : phases) {
    if (phase == Phase::total) continue;
    const std::vector<double> values = sorted_durations(host, mode, phase);
    if (!values.empty())
      result.phases[phase] = {values.size(), percentile(values, 50), percentile_if_any(values, 90)};
  }
  return result;
}

Summaries summarise_all(const std::vector<HostSamples>& hosts) {
  Summaries summaries;
  summaries.reserve(hosts.size());
  for (const HostSamples& host : hosts) {
    summaries.emplace_back();
    for (const ModeSamples& mode : host.modes) summaries.back().push_back(summarise(host, mode));
  }
  return summaries;
}

}  // namespace gladhand
