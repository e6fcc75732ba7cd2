// The statistics of the benchmark: pure functions of samples in microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gladhand {

/// The `percent`th percentile (0 to 100) of ascending `sorted`, interpolated between the two
/// nearest ranks: definition 7 of [Hyndman and Fan 1996], which is numpy's default. 0 for no
/// samples.
double percentile(std::span<const double> sorted, double percent);

/// Whether `count` samples say anything about a percentile: at least one of them lies beyond it.
/// Under ten there is no 90th, under a hundred no 99th.
bool has_percentile(std::size_t count, double percent);

double mean(std::span<const double> values);

struct Interval {
  double low = 0;
  double high = 0;
};

/// A 95 % confidence interval of the median of ascending `sorted`: the percentile bootstrap, 1,000
/// resamples from a fixed seed. Empty for under 5 samples: they say nothing about it.
std::optional<Interval> median_interval(std::span<const double> sorted);

/// The same of the difference between two medians, the first minus the second.
std::optional<Interval> median_difference_interval(std::span<const double> first,
                                                   std::span<const double> second);

/// How likely two groups of samples differ this much, either way round, though nothing makes them:
/// the two-sided p-value of the rank test of [Mann and Whitney 1947], with the normal approximation
/// corrected for ties and for continuity. 1 where either has under 4 samples, which tell too little.
double rank_test(std::span<const double> first, std::span<const double> second);

/// Two groups of samples with nothing between them.
struct Bimodal {
  double split = 0;  ///< what is above belongs to the slower group
  double low = 0;    ///< the median of the faster group
  double high = 0;   ///< the median of the slower group
  std::size_t slower = 0;
};

/// Empty unless ascending `sorted` is two groups: each at least a tenth of all and at least 3, the
/// slower one's median at least half as long again, and the gap between them wider than each.
std::optional<Bimodal> find_two_groups(std::span<const double> sorted);

/// How many of ascending `sorted` are far out: over the third quartile by more than three times the
/// distance between the quartiles [Tukey 1977]; a distance under a twentieth of the median, or
/// under `least`, is read as that.
std::size_t count_outliers(std::span<const double> sorted, double least);

/// Counts of samples in ranges of equal ratio: [from, edges[0]), [edges[0], edges[1]), ...
struct Histogram {
  std::vector<double> edges;  ///< upper end of each range
  std::vector<std::size_t> counts;
  double from = 0;
};

/// At most `most` ranges from the least to the greatest of ascending `sorted`; one range when all
/// samples are equal.
Histogram make_histogram(std::span<const double> sorted, std::size_t most);

}  // namespace gladhand
