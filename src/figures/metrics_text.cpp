#include "figures/metrics_text.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "base/clean_text.hpp"

namespace gladhand {

namespace {

// In seconds: a fleet's, a dial's that is well, those of the Connection Attempt Delay, of a lost
// SYN, of the timeout.
constexpr double bounds[] = {0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 5.0};

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : clean_text(text)) {
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

std::string bound_text(std::size_t bucket) {
  return bucket == std::size(bounds) ? "+Inf" : metric_number(bounds[bucket]);
}

std::string whole(double count) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f", count);
  return text;
}

}  // namespace

std::string metric_label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + escaped(value) + '"';
}

std::string metric_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.12g", value);
  std::string result = text;
  if (result.find_first_of(".e") == result.npos) result += ".0";
  return result;
}

std::string metric_labels_of(const HostSamples& host, const ModeSamples& mode) {
  std::string labels;
  for (const auto& [name, value] : host.labels) labels += ',' + metric_label(name, value);
  return metric_label("host", host.host) + ',' + metric_label("port", host.port) + ',' +
         metric_label("mode", mode.mode) +
         (mode.vantage.empty() ? "" : ',' + metric_label("vantage", mode.vantage)) + labels;
}

void write_metric_head(const std::string& name,
                       const char* type,
                       const char* unit,
                       const char* help,
                       const TextSink& write) {
  std::string text = "# TYPE " + name + ' ' + type + '\n';
  if (*unit != '\0') text += "# UNIT " + name + ' ' + unit + '\n';
  write(text + "# HELP " + name + ' ' + help + '\n');
}

DialHistogram::DialHistogram() : counts_(std::size(bounds) + 1) {}

void DialHistogram::add(Moment time) {
  const double seconds = static_cast<double>(time.count()) / 1e6;
  sum_ += seconds;
  ++counts_[static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds)];
}

// A version with other bounds has begun anew. What was written counts up from bound to bound.
bool DialHistogram::add(const HistogramBefore& before) {
  if (before.buckets.size() != counts_.size()) return false;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (!before.buckets.contains(bound_text(i))) return false;
  double up_to = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const double count = before.buckets.at(bound_text(i));
    counts_[i] += count - up_to;
    up_to = count;
  }
  sum_ += before.sum;
  return true;
}

std::string DialHistogram::lines(const std::string& name, const std::string& labels) const {
  std::string text;
  double up_to = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    up_to += counts_[i];
    text += name + "_bucket{" + labels + ",le=\"" + bound_text(i) + "\"} " + whole(up_to) + '\n';
  }
  return text + name + "_sum{" + labels + "} " + metric_number(sum_) + '\n' + name + "_count{" +
         labels + "} " + whole(up_to) + '\n';
}

}  // namespace gladhand
