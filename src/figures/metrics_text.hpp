// The lines that metrics for Prometheus are made of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "figures/bench_json.hpp"
#include "figures/metrics_before.hpp"
#include "samples/sample.hpp"

namespace gladhand {

/// name="value", escaped.
std::string metric_label(std::string_view name, std::string_view value);

/// As a float: "1.0", "0.25".
std::string metric_number(double value);

/// What a family of metrics begins with. `unit` may be empty.
void write_metric_head(const std::string& name,
                       const char* type,
                       const char* unit,
                       const char* help,
                       const TextSink& write);

/// The labels of a host in one mode.
std::string metric_labels_of(const HostSamples& host, const ModeSamples& mode);

/// Times of dials in few ranges, since each is a series for every host.
class DialHistogram {
 public:
  DialHistogram();

  void add(Moment time);

  /// What it counts on from. False, and nothing is counted, where that has other ranges.
  bool add(const HistogramBefore& before);

  /// Its series, in the family `name`.
  std::string lines(const std::string& name, const std::string& labels) const;

 private:
  std::vector<double> counts_;  // not added up
  double sum_ = 0;              // seconds
};

}  // namespace gladhand
