// The figures of the benchmark against those of numpy 1.24.2. The constants are what this printed:
//
//     import numpy as np
//     a = np.sort(np.array([1203,1187,250931,1345,1299,1250,1188,2503,1201,1277.0]))
//     for p in (0,2.5,10,25,33.3,50,75,90,95,97.5,99,100): print(p, repr(float(np.percentile(a,
//     p))))
//
// and for the intervals, with values(n) = [1000 + 7 * ((i * 37) % 101) for i in range(n)],
//
//     m = np.median(np.random.default_rng(7).choice(values, (100000, n)), axis=1)
//     print(np.percentile(m, [2.5, 97.5]))
#include "samples/statistics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

using namespace gladhand;

namespace {

const std::vector<double> ten = {1187, 1188, 1201, 1203, 1250, 1277, 1299, 1345, 2503, 250931};

std::vector<double> values(int count) {
  std::vector<double> result;
  for (int i = 0; i < count; ++i) result.push_back(1000 + 7 * ((i * 37) % 101));
  std::ranges::sort(result);
  return result;
}

std::vector<double> two_groups(int fast, int slow) {
  std::vector<double> result;
  for (int i = 0; i < fast; ++i) result.push_back(2000 + 10 * i);
  for (int i = 0; i < slow; ++i) result.push_back(252000 + 10 * i);
  return result;
}

}  // namespace

TEST_CASE("percentiles are numpy's, to the last bit") {
  const std::vector<std::pair<double, double>> numpy = {
      {0, 1187.0},
      {2.5, 1187.225},
      {10, 1187.9},
      {25, 1201.5},
      {33.3, 1202.994},
      {50, 1263.5},
      {75, 1333.5},
      {90, 27345.799999999912},
      {95, 139138.39999999973},
      {97.5, 195034.7000000001},
      {99, 228572.48000000004},
      {100, 250931.0},
  };
  for (const auto& expected : numpy) {
    CAPTURE(expected.first);
    CHECK(percentile(ten, expected.first) == expected.second);
  }
  const std::vector<double> small = {0.1, 0.2, 0.7, 1.1, 1.3};
  CHECK(percentile(small, 12.34) == 0.14936);
  CHECK(percentile(small, 61.8) == 0.8888);
  CHECK(percentile(small, 99.9) == 1.2992000000000001);
  CHECK(percentile(std::vector<double>{0.3, 0.5, 0.8}, 98.1) == 0.7886000000000001);
}

TEST_CASE("percentiles of one sample are the sample, of none 0") {
  CHECK(percentile(std::vector<double>{7}, 99) == 7);
  CHECK(percentile({}, 50) == 0);
}

TEST_CASE("the mean is numpy's") {
  CHECK(mean(ten) == doctest::Approx(26338.4));
  CHECK(mean({}) == 0);
}

TEST_CASE("the interval of a median is that of a bootstrap that draws its resamples") {
  const auto odd = median_interval(values(101));
  REQUIRE(odd);
  CHECK(odd->low == doctest::Approx(1280).epsilon(0.012));
  CHECK(odd->high == doctest::Approx(1420).epsilon(0.012));
  const auto even = median_interval(values(60));
  REQUIRE(even);
  CHECK(even->low == doctest::Approx(1259).epsilon(0.012));
  CHECK(even->high == doctest::Approx(1434).epsilon(0.012));
}

TEST_CASE("the interval is the same for the same samples, and empty for under five") {
  CHECK(median_interval(ten)->low == median_interval(ten)->low);
  CHECK_FALSE(median_interval(values(4)));
  CHECK(median_interval(values(5)));
}

TEST_CASE(
    "the interval of a difference holds 0 where both are the same, and not where they differ") {
  const std::vector<double> here = values(40);
  std::vector<double> there = here;
  const auto none = median_difference_interval(here, there);
  CHECK(none->low < 0);
  CHECK(none->high > 0);
  for (double& value : there) value += 1000;
  const auto slower = median_difference_interval(there, here);
  CHECK(slower->low > 500);
  CHECK(slower->high < 1500);
}

TEST_CASE("two groups are found with their medians and the number of the slower") {
  const auto found = find_two_groups(two_groups(12, 8));
  REQUIRE(found);
  CHECK(found->low == 2055);
  CHECK(found->high == 252035);
  CHECK(found->slower == 8);
  CHECK(found->split > 2110);
  CHECK(found->split < 252000);
}

TEST_CASE("two stray samples, a spread or a small step are no second group") {
  CHECK_FALSE(find_two_groups(two_groups(18, 2)));
  CHECK_FALSE(find_two_groups(values(101)));
  CHECK_FALSE(find_two_groups(std::vector<double>{100, 100, 100, 100, 140, 140, 140, 140}));
  CHECK_FALSE(find_two_groups({}));
}

TEST_CASE("outliers are far beyond the quartiles, and never closer than what is noticeable") {
  CHECK(count_outliers(ten, 1) == 2);
  CHECK(count_outliers(ten, 1000) == 1);
  CHECK(count_outliers(values(101), 1) == 0);
  CHECK(count_outliers(std::vector<double>{1, 1, 1, 1, 1, 1, 90000}, 1) == 0);  // too few to say
}

TEST_CASE("a histogram counts every sample once, the greatest in its last range") {
  const Histogram histogram = make_histogram(ten, 10);
  REQUIRE(histogram.counts.size() == 10);
  CHECK(std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::size_t{0}) == 10);
  CHECK(histogram.counts.front() == 8);
  CHECK(histogram.counts.back() == 1);
  CHECK(histogram.from == 1187);
  CHECK(histogram.edges.back() == 250931);
  CHECK(make_histogram(std::vector<double>{5, 5, 5}, 10).counts == std::vector<std::size_t>{3});
  CHECK(make_histogram({}, 10).counts.empty());
}

TEST_CASE("the rank test is scipy's") {
  // scipy 1.10.1: stats.mannwhitneyu(a, b, method="asymptotic").pvalue
  const auto changed = [](const auto& change) {
    std::vector<double> result = ten;
    for (double& value : result) value = change(value);
    return result;
  };
  const auto is = [](double p) { return doctest::Approx(p).epsilon(1e-12); };
  CHECK(rank_test(ten, changed([](double it) { return it + 60; })) == is(0.21229383619233155));
  CHECK(rank_test(ten, changed([](double it) { return it * 2; })) == is(0.00728455700947966));
  CHECK(rank_test(std::vector<double>{1, 1, 1, 2, 2, 3, 5, 8},
                  std::vector<double>{2, 2, 3, 3, 3, 9, 9, 10}) == is(0.08687763333951609));
  CHECK(rank_test(std::vector<double>{1, 2, 3, 4}, std::vector<double>{10, 11, 12, 13}) ==
        is(0.03038282197657749));
  CHECK(rank_test(ten, ten) == 1);
  CHECK(rank_test(std::vector<double>(6, 5.0), std::vector<double>(7, 5.0)) == 1);
  CHECK(rank_test(std::vector<double>{1, 2, 3}, std::vector<double>{10, 11, 12, 13}) == 1);
}
