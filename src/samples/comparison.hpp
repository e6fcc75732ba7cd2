// What merged runs say against each other: medians of the same host and mode from two vantage
// points.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "samples/summary.hpp"

namespace gladhand {

/// How the intervals below are made.
inline constexpr std::string_view comparison_method =
    "percentile bootstrap of the difference of medians, 1000 resamples";

/// Two series of one mode; positions in HostSamples::modes. Times are microseconds.
struct Comparison {
  enum class Verdict : std::uint8_t {
    slower,  ///< the second is slower than the first
    faster,
    no_difference,  ///< none that so many samples can show
    too_few,        ///< under 5 connected samples in one of the two
    unconnected,    ///< one of the two, or both, never connected
  };

  std::size_t first = 0;
  std::size_t second = 0;
  double difference = 0;  ///< the median of the second minus that of the first
  std::optional<Interval> ci95{};
  Verdict verdict{};
};

/// "slower", "no_difference", ...
std::string_view to_string(Comparison::Verdict verdict);

/// Compares every two series of the same mode of a merged run, and puts the intervals into the
/// later one's Summary::differences: they take the most time of all figures, so they are made once.
/// A time to the connection and one to the first line are not compared.
void compare_series(const HostSamples& host,
                    std::span<const BenchSource> sources,
                    std::span<Summary> summaries);

/// What compare_series() found, in the order of the modes. A difference is told when its 95 %
/// interval leaves 0 out. `summaries` by mode.
std::vector<Comparison> compare_vantages(const HostSamples& host,
                                         std::span<const Summary> summaries);

/// One of them in words.
std::string describe(const Comparison& it,
                     const HostSamples& host,
                     std::span<const Summary> summaries);

/// What two runs were told to do otherwise, the second against the first; empty when they are
/// alike.
std::string describe_unlike(const BenchSource& first, const BenchSource& second);

/// The vantage points of a run of many hosts against the first one: how often which verdict.
std::vector<std::string> describe_fleet(const BenchRun& run,
                                        std::span<const std::vector<Summary>> summaries);

}  // namespace gladhand
