// Summary: the figures of one mode of one host.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "samples/sample.hpp"
#include "samples/statistics.hpp"

namespace gladhand {

struct PhaseSummary {
  std::size_t count = 0;
  double median = 0;
  std::optional<double> p90{};
};

/// Of merged runs: what one series takes more than another of the same mode.
struct Difference {
  std::size_t other = 0;           ///< its position in HostSamples::modes
  std::optional<Interval> ci95{};  ///< of the difference of the medians
};

/// Times are microseconds, of connected samples only.
struct Summary {
  std::size_t count = 0;     ///< all samples
  std::size_t ours = 0;      ///< of them, what failed for this machine: no figure is of these
  std::size_t failures = 0;  ///< what did not connect, of the rest
  std::vector<double> sorted{};
  double median = 0;
  std::optional<double> p90{};  ///< empty where there are too few samples for it
  std::optional<double> p99{};
  double mean = 0;
  std::optional<Interval> median_ci95{};
  std::size_t ipv6_wins = 0;
  std::size_t ipv4_wins = 0;
  std::optional<Family> best_family{};  ///< of the host, all modes together; see best_family()
  std::optional<Bimodal> bimodal{};
  std::map<Phase, PhaseSummary> phases{};  ///< those that occurred, `total` left out
  std::vector<Difference> differences{};   ///< to the series before it; see compare_series()

  /// The dials that say something of the host.
  std::size_t dialled() const { return count - ours; }
  double loss() const {
    return dialled() == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(dialled());
  }
  double min() const { return sorted.empty() ? 0 : sorted.front(); }
  double max() const { return sorted.empty() ? 0 : sorted.back(); }
  bool any_connected() const { return !sorted.empty(); }
};

Summary summarise(const HostSamples& host, const ModeSamples& mode);

using Summaries = std::vector<std::vector<Summary>>;  // by host, then by mode

Summaries summarise_all(const std::vector<HostSamples>& hosts);

/// The durations of one phase in microseconds, ascending.
std::vector<double> sorted_durations(const HostSamples& host, const ModeSamples& mode, Phase phase);

}  // namespace gladhand
