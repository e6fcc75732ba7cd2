#include "samples/best_family.hpp"

#include <algorithm>
#include <vector>

#include "samples/statistics.hpp"

namespace gladhand {

namespace {

std::optional<double> median_connect(const HostSamples& host,
                                     std::string_view vantage,
                                     Phase phase) {
  std::vector<double> times;
  for (const ModeSamples& mode : host.modes) {
    if (mode.vantage != vantage) continue;
    for (const Sample& sample : mode.samples)
      if (const auto time = duration(host, mode, sample, phase))
        times.push_back(static_cast<double>(time->count()));
  }
  if (times.empty()) return std::nullopt;
  std::ranges::sort(times);
  return percentile(times, 50);
}

}  // namespace

std::optional<Family> best_family(const HostSamples& host, std::string_view vantage) {
  const auto ipv6 = median_connect(host, vantage, Phase::connect_ipv6);
  const auto ipv4 = median_connect(host, vantage, Phase::connect_ipv4);
  if (!ipv6 && !ipv4) return std::nullopt;
  return ipv6 && (!ipv4 || *ipv6 <= *ipv4) ? Family::ipv6 : Family::ipv4;
}

}  // namespace gladhand
