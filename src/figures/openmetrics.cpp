#include "figures/openmetrics.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "figures/metrics_text.hpp"
#include "gladhand/error.hpp"
#include "samples/host_list.hpp"

namespace gladhand {

namespace {

std::string seconds_since_epoch(WallTime at) {
  char text[32];
  std::snprintf(
      text, sizeof(text), "%.3f", static_cast<double>(at.time_since_epoch().count()) / 1e6);
  return text;
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
    write_metric_head("gladhand_bench_start_time_seconds",
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
    return metric_labels_of(host, mode) + (options_.labels.empty() ? "" : ',' + options_.labels);
  }

  void write_dials() {
    write_metric_head(counting_metric,
         "histogram",
         "seconds",
         "Time of dials over all runs, from when they were due, by how they ended.",
         write_);
    MetricsBefore before = options_.before;
    for (const HostSamples& host : run_.hosts)
      for (const ModeSamples& mode : host.modes) write_dials(host, mode, before);
    for (const auto& [labels, figures] : before) {
      DialHistogram kept;
      if (kept.add(figures)) write_(kept.lines(counting_metric, labels));
    }
  }

  void write_dials(const HostSamples& host, const ModeSamples& mode, MetricsBefore& before) {
    DialHistogram connected;
    DialHistogram failed;
    DialHistogram ours;
    bool any_ours = false;
    for (const Sample& sample : mode.samples) {
      if (sample.outcome == SampleOutcome::connected) {
        connected.add(sample.total);
      } else if (sample.outcome == SampleOutcome::ours) {
        any_ours = true;
        ours.add(sample.total);
      } else {
        failed.add(sample.total);
      }
    }
    std::vector<std::pair<DialHistogram*, const char*>> written = {{&connected, "connected"},
                                                                   {&failed, "failed"}};
    if (any_ours) written.emplace_back(&ours, "ours");  // few have it
    for (const auto& [histogram, outcome] : written) {
      const std::string labels = labels_of(host, mode) + ',' + metric_label("outcome", outcome);
      if (const auto found = before.find(labels); found != before.end()) {
        histogram->add(found->second);
        before.erase(found);
      }
      write_(histogram->lines(counting_metric, labels));
    }
  }

  void write_gauge(const char* name, const char* unit, const char* help, Gauge gauge) const {
    write_metric_head(name, "gauge", unit, help, write_);
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
        name, labels + ',' + metric_label("phase", to_string(Phase::total)), metric_number(figures.median / 1e6));
    for (const auto& [phase, of_phase] : figures.phases)
      line(name, labels + ',' + metric_label("phase", to_string(phase)), metric_number(of_phase.median / 1e6));
  }
  void wins(const std::string& name, const std::string& labels, const Summary& figures) const {
    line(name,
         labels + ',' + metric_label("family", to_string(Family::ipv6)),
         std::to_string(figures.ipv6_wins));
    line(name,
         labels + ',' + metric_label("family", to_string(Family::ipv4)),
         std::to_string(figures.ipv4_wins));
  }
  void loss(const std::string& name, const std::string& labels, const Summary& figures) const {
    line(name, labels, metric_number(figures.loss()));
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
  const auto wrong = [&text](const char* why) {
    return UsageError("--label: " + in_quotes(text) + why);
  };
  const std::size_t equals = text.find('=');
  if (equals == text.npos) throw wrong(" is not NAME=VALUE");
  const std::string name = text.substr(0, equals);
  if (!is_label_name(name))
    throw wrong(": no label may be called so; its name has letters, digits and '_', and is none of "
                "the metrics' own");
  return metric_label(name, text.substr(equals + 1));
}

void write_openmetrics(const BenchRun& run,
                       std::span<const std::vector<Summary>> summaries,
                       const MetricsOptions& options,
                       const TextSink& write) {
  Metrics(run, summaries, options, write).write();
}

}  // namespace gladhand
