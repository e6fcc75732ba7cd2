#include "samples/best_family.hpp"

#include <algorithm>
#include <vector>

#include "samples/statistics.hpp"

namespace gladhand {

namespace {

std::vector<double> connects(const HostSamples& host, std::string_view vantage, Phase phase) {
  std::vector<double> times;
  for (const ModeSamples& mode : host.modes) {
    if (mode.vantage != vantage) continue;
    for (const Sample& sample : mode.samples)
      if (const auto time = duration(host, mode, sample, phase))
        times.push_back(static_cast<double>(time->count()));
  }
  std::ranges::sort(times);
  return times;
}

}  // namespace

std::optional<Family> best_family(const HostSamples& host, std::string_view vantage) {
  constexpr double significant = 0.05;
  const std::vector<double> ipv6 = connects(host, vantage, Phase::connect_ipv6);
  const std::vector<double> ipv4 = connects(host, vantage, Phase::connect_ipv4);
  if (ipv6.empty() && ipv4.empty()) return std::nullopt;
  if (ipv6.empty()) return Family::ipv4;
  if (ipv4.empty()) return Family::ipv6;
  if (rank_test(ipv6, ipv4) >= significant) return std::nullopt;
  return percentile(ipv6, 50) <= percentile(ipv4, 50) ? Family::ipv6 : Family::ipv4;
}

}  // namespace gladhand
