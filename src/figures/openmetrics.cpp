#include "figures/openmetrics.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/clean_text.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

// Few, since each is a series for every host, and in seconds: a fleet's, a dial's that is well,
// those of the Connection Attempt Delay, of a lost SYN, of the timeout.
constexpr double bounds[] = {0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 5.0};

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : clean_text(text)) {
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + escaped(value) + '"';
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.12g", value);
  std::string result = text;
  if (result.find_first_of(".e") == result.npos) result += ".0";
  return result;
}

std::string seconds_since_epoch(WallTime at) {
  char text[32];
  std::snprintf(
      text, sizeof(text), "%.3f", static_cast<double>(at.time_since_epoch().count()) / 1e6);
  return text;
}

std::string labels_of(const HostSamples& host, const ModeSamples& mode) {
  return label("host", host.host) + ',' + label("port", host.port) + ',' +
         label("mode", mode.mode) +
         (mode.vantage.empty() ? "" : ',' + label("vantage", mode.vantage));
}

void head(const std::string& name,
          const char* type,
          const char* unit,
          const char* help,
          const TextSink& write) {
  std::string text = "# TYPE " + name + ' ' + type + '\n';
  if (*unit != '\0') text += "# UNIT " + name + ' ' + unit + '\n';
  write(text + "# HELP " + name + ' ' + help + '\n');
}

// One histogram, on its way from what it was before.
struct Histogram {
  std::vector<double> counts = std::vector<double>(std::size(bounds) + 1);  // not added up
  double sum = 0;

  void add(Moment time) {
    const double seconds = static_cast<double>(time.count()) / 1e6;
    sum += seconds;
    ++counts[static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds)];
  }

  std::string lines(const std::string& labels, const HistogramBefore& before) const;
};

std::string bound_text(std::size_t bucket) {
  return bucket == std::size(bounds) ? "+Inf" : number(bounds[bucket]);
}

// A version that has had other buckets is not counted on from.
bool has_these_bounds(const HistogramBefore& before) {
  if (before.buckets.size() != std::size(bounds) + 1) return false;
  for (std::size_t i = 0; i <= std::size(bounds); ++i)
    if (!before.buckets.contains(bound_text(i))) return false;
  return true;
}

std::string whole(double count) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f", count);
  return text;
}

std::string Histogram::lines(const std::string& labels, const HistogramBefore& before) const {
  const std::string name = counting_metric;
  const bool counts_on = has_these_bounds(before);
  std::string text;
  double up_to = 0;
  double total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    up_to += counts[i];
    total = up_to + (counts_on ? before.buckets.at(bound_text(i)) : 0);
    text += name + "_bucket{" + labels + ",le=\"" + bound_text(i) + "\"} " + whole(total) + '\n';
  }
  return text + name + "_sum{" + labels + "} " + number(sum + (counts_on ? before.sum : 0)) + '\n' +
         name + "_count{" + labels + "} " + whole(total) + '\n';
}

class Metrics {
 public:
  Metrics(const BenchRun& run,
          std::span<const std::vector<Summary>> summaries,
          const MetricsOptions& options,
          const TextSink& write)
      : run_(run), summaries_(summaries), options_(options), write_(write) {}

  void write() {
    write_dials();
    write_gauge("gladhand_bench_median_seconds",
                "seconds",
                "Median of the last run, by phase.",
                &Metrics::medians);
    write_gauge(
        "gladhand_bench_wins", "", "Dials of the last run that a family won.", &Metrics::wins);
    write_gauge("gladhand_bench_loss_ratio",
                "ratio",
                "Share of the dials of the last run that failed.",
                &Metrics::loss);
    write_gauge("gladhand_bench_success",
                "",
                "Whether any dial of the last run connected.",
                &Metrics::success);
    head("gladhand_bench_start_time_seconds",
         "gauge",
         "seconds",
         "When the last run began.",
         write_);
    write_("gladhand_bench_start_time_seconds" +
           (options_.labels.empty() ? "" : '{' + options_.labels + '}') + ' ' +
           seconds_since_epoch(run_.started) + "\n# EOF\n");
  }

 private:
  using Gauge = void (Metrics::*)(const std::string& name,
                                  const std::string& labels,
                                  const Summary& figures) const;

  std::string labels_of(const HostSamples& host, const ModeSamples& mode) const {
    return gladhand::labels_of(host, mode) + (options_.labels.empty() ? "" : ',' + options_.labels);
  }

  void write_dials() {
    head(counting_metric,
         "histogram",
         "seconds",
         "Time of dials over all runs, from when they were due, by how they ended.",
         write_);
    MetricsBefore before = options_.before;
    for (const HostSamples& host : run_.hosts) {
      for (const ModeSamples& mode : host.modes) {
        Histogram connected;
        Histogram failed;
        Histogram ours;
        bool any_ours = false;
        for (const Sample& sample : mode.samples) {
          const bool is_ours = sample.outcome == SampleOutcome::ours;
          any_ours = any_ours || is_ours;
          (is_ours                                          ? ours
           : sample.outcome == SampleOutcome::connected ? connected
                                                            : failed)
              .add(sample.total);
        }
        std::vector<std::pair<const Histogram*, const char*>> written = {{&connected, "connected"},
                                                                         {&failed, "failed"}};
        if (any_ours) written.emplace_back(&ours, "ours");  // few have it
        for (const auto& [histogram, outcome] : written) {
          const std::string labels = labels_of(host, mode) + ',' + label("outcome", outcome);
          write_(histogram->lines(labels, before[labels]));
          before.erase(labels);
        }
      }
    }
    for (const auto& [labels, figures] : before)
      if (has_these_bounds(figures)) write_(Histogram().lines(labels, figures));
  }

  void write_gauge(const char* name, const char* unit, const char* help, Gauge gauge) const {
    head(name, "gauge", unit, help, write_);
    for (std::size_t i = 0; i < run_.hosts.size(); ++i)
      for (std::size_t k = 0; k < run_.hosts[i].modes.size(); ++k)
        (this->*gauge)(name, labels_of(run_.hosts[i], run_.hosts[i].modes[k]), summaries_[i][k]);
  }

  void line(const std::string& name, const std::string& labels, const std::string& value) const {
    write_(name + '{' + labels + "} " + value + '\n');
  }

  void medians(const std::string& name, const std::string& labels, const Summary& figures) const {
    if (!figures.any_connected()) return;
    line(
        name, labels + ',' + label("phase", to_string(Phase::total)), number(figures.median / 1e6));
    for (const auto& [phase, of_phase] : figures.phases)
      line(name, labels + ',' + label("phase", to_string(phase)), number(of_phase.median / 1e6));
  }
  void wins(const std::string& name, const std::string& labels, const Summary& figures) const {
    line(name,
         labels + ',' + label("family", to_string(Family::ipv6)),
         std::to_string(figures.ipv6_wins));
    line(name,
         labels + ',' + label("family", to_string(Family::ipv4)),
         std::to_string(figures.ipv4_wins));
  }
  void loss(const std::string& name, const std::string& labels, const Summary& figures) const {
    line(name, labels, number(figures.loss()));
  }
  void success(const std::string& name, const std::string& labels, const Summary& figures) const {
    line(name, labels, figures.any_connected() ? "1" : "0");
  }

  const BenchRun& run_;
  std::span<const std::vector<Summary>> summaries_;
  const MetricsOptions& options_;
  const TextSink& write_;
};

}  // namespace

std::string read_label(const std::string& text) {
  constexpr std::string_view ours[] = {
      "host", "port", "mode", "vantage", "outcome", "phase", "family", "le"};
  const auto wrong = [&text](const char* why) {
    return UsageError("--label: " + in_quotes(text) + why);
  };
  const std::size_t equals = text.find('=');
  if (equals == text.npos) throw wrong(" is not NAME=VALUE");
  const std::string name = text.substr(0, equals);
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_inner = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  if (name.empty() || !is_letter(name[0]) || !std::ranges::all_of(name, is_inner) ||
      name.starts_with("__"))
    throw wrong(": a label's name has letters, digits and '_', and begins with a letter");
  if (std::ranges::find(ours, name) != std::end(ours)) throw wrong(": that label is used already");
  return label(name, text.substr(equals + 1));
}

void write_openmetrics(const BenchRun& run,
                       std::span<const std::vector<Summary>> summaries,
                       const MetricsOptions& options,
                       const TextSink& write) {
  Metrics(run, summaries, options, write).write();
}

}  // namespace gladhand
