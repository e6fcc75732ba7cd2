#include "samples/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>

namespace gladhand {

namespace {

constexpr std::size_t resamples = 1000;
constexpr std::size_t fewest_for_interval = 5;

using Generator = std::mt19937_64;

// Draws medians of resamples without drawing the resamples: the k-th smallest of n uniform draws
// has a Beta(k, n + 1 - k) distribution, so a median costs the same for ten samples and for a
// million.
class MedianOfResample {
 public:
  explicit MedianOfResample(std::span<const double> sorted)
      : sorted_(sorted), lower_((sorted.size() + 1) / 2) {
    const auto rank = static_cast<double>(lower_);
    below_ = std::gamma_distribution<double>(rank);
    above_ = std::gamma_distribution<double>(static_cast<double>(sorted.size()) + 1 - rank);
  }

  double operator()(Generator& generator) {
    const double below = below_(generator);
    const double at = below / (below + above_(generator));
    if (sorted_.size() % 2 == 1) return value(at);
    // The next rank is the least of the draws that are left, all of them between `at` and 1.
    const auto left = static_cast<double>(sorted_.size() - lower_);
    const double uniform = std::uniform_real_distribution<double>()(generator);
    const double next = 1 - (1 - at) * std::pow(1 - uniform, 1 / left);
    return (value(at) + value(next)) / 2;
  }

 private:
  double value(double at) const {
    const auto index = static_cast<std::size_t>(at * static_cast<double>(sorted_.size()));
    return sorted_[std::min(index, sorted_.size() - 1)];
  }

  std::span<const double> sorted_;
  std::size_t lower_;  // rank of the lower median, from 1
  std::gamma_distribution<double> below_;
  std::gamma_distribution<double> above_;
};

Interval central(std::array<double, resamples>& drawn) {
  std::ranges::sort(drawn);
  return {percentile(drawn, 2.5), percentile(drawn, 97.5)};
}

}  // namespace

double percentile(std::span<const double> sorted, double percent) {
  if (sorted.empty()) return 0;
  const double rank = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(rank), sorted.size() - 1);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = rank - static_cast<double>(below);
  const double distance = sorted[above] - sorted[below];
  // From the nearer end, as numpy does, to the same last bit.
  return part >= 0.5 ? sorted[above] - distance * (1 - part) : sorted[below] + distance * part;
}

bool has_percentile(std::size_t count, double percent) {
  return static_cast<double>(count) * (100 - percent) >= 100;
}

double mean(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<Interval> median_interval(std::span<const double> sorted) {
  if (sorted.size() < fewest_for_interval) return std::nullopt;
  Generator generator;
  MedianOfResample draw(sorted);
  std::array<double, resamples> medians{};
  for (double& median : medians) median = draw(generator);
  return central(medians);
}

std::optional<Interval> median_difference_interval(std::span<const double> first,
                                                   std::span<const double> second) {
  if (std::min(first.size(), second.size()) < fewest_for_interval) return std::nullopt;
  Generator generator;
  MedianOfResample draw_first(first);
  MedianOfResample draw_second(second);
  std::array<double, resamples> differences{};
  for (double& difference : differences)
    difference = draw_first(generator) - draw_second(generator);
  return central(differences);
}

double rank_test(std::span<const double> first, std::span<const double> second) {
  constexpr std::size_t fewest = 4;
  if (std::min(first.size(), second.size()) < fewest) return 1;
  std::vector<std::pair<double, bool>> all;  // true: of the first
  all.reserve(first.size() + second.size());
  for (const double value : first) all.emplace_back(value, true);
  for (const double value : second) all.emplace_back(value, false);
  std::ranges::sort(all, {}, &std::pair<double, bool>::first);
  double rank_sum = 0;  // of the first; equal values share the middle of their ranks
  double ties = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    const auto rank = static_cast<double>(begin + end + 1) / 2;
    const auto equal = static_cast<double>(end - begin);
    ties += equal * equal * equal - equal;
    for (; begin < end; ++begin) rank_sum += all[begin].second ? rank : 0;
  }
  const auto n = static_cast<double>(first.size());
  const auto m = static_cast<double>(second.size());
  const double u = rank_sum - n * (n + 1) / 2;
  const double variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
  if (variance <= 0) return 1;
  const double distance = std::max(std::abs(u - n * m / 2) - 0.5, 0.0);
  return std::erfc(distance / std::sqrt(2 * variance));
}

// The widest gap that has enough samples on both sides is the only candidate.
std::optional<Bimodal> find_two_groups(std::span<const double> sorted) {
  constexpr std::size_t fewest = 3;
  constexpr double least_ratio = 1.5;
  const std::size_t least = std::max(fewest, (sorted.size() + 9) / 10);
  if (sorted.size() < 2 * least) return std::nullopt;
  std::size_t slower_from = least;
  for (std::size_t i = least; i + least <= sorted.size(); ++i)
    if (sorted[i] - sorted[i - 1] > sorted[slower_from] - sorted[slower_from - 1]) slower_from = i;
  const std::span<const double> fast = sorted.first(slower_from);
  const std::span<const double> slow = sorted.subspan(slower_from);
  const double gap = slow.front() - fast.back();
  const auto width = [](std::span<const double> group) {
    return percentile(group, 90) - percentile(group, 10);
  };
  Bimodal found{fast.back() + gap / 2, percentile(fast, 50), percentile(slow, 50), slow.size()};
  if (gap <= width(fast) || gap <= width(slow) || found.high < least_ratio * found.low)
    return std::nullopt;
  return found;
}

std::size_t count_outliers(std::span<const double> sorted, double least) {
  constexpr std::size_t fewest = 8;
  if (sorted.size() < fewest) return 0;
  const double third = percentile(sorted, 75);
  const double distance =
      std::max({third - percentile(sorted, 25), percentile(sorted, 50) / 20, least});
  const auto first = std::ranges::upper_bound(sorted, third + 3 * distance);
  return static_cast<std::size_t>(sorted.end() - first);
}

Histogram make_histogram(std::span<const double> sorted, std::size_t most) {
  Histogram result;
  if (sorted.empty() || most == 0) return result;
  const double least = std::max(sorted.front(), 1.0);
  const double greatest = std::max(sorted.back(), least);
  const std::size_t ranges = greatest > least ? most : 1;
  result.from = sorted.front();
  for (std::size_t i = 1; i <= ranges; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(ranges);
    result.edges.push_back(least * std::pow(greatest / least, part));
  }
  result.edges.back() = greatest;
  result.counts.resize(ranges);
  for (const double value : sorted) {
    const auto edge = std::ranges::upper_bound(result.edges, value);
    const auto range = static_cast<std::size_t>(edge - result.edges.begin());
    ++result.counts[std::min(range, ranges - 1)];
  }
  return result;
}

}  // namespace gladhand
