// What the runs before this one have left in the file of --openmetrics, so that its histograms
// count on: Prometheus' rate() is of what only grows.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace gladhand {

struct HistogramBefore {
  std::map<std::string, double> buckets;  ///< by their bound, as it is written
  double sum = 0;
};

/// By its labels, without the bound.
using MetricsBefore = std::map<std::string, HistogramBefore>;

/// Reads the histogram `name` in what write_openmetrics() has written to `file`. Throws UsageError
/// that names the file where the text is somebody else's.
MetricsBefore read_metrics_before(const std::string& file,
                                  std::string_view text,
                                  const std::string& name);

}  // namespace gladhand
