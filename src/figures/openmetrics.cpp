#include "figures/openmetrics.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "base/clean_text.hpp"

namespace gladhand {

namespace {

// From what a loopback takes to what a person waits for; equal ratios, so that quantiles are
// equally good everywhere.
constexpr double bounds[] = {0.0001,
                             0.00025,
                             0.0005,
                             0.001,
                             0.0025,
                             0.005,
                             0.01,
                             0.025,
                             0.05,
                             0.1,
                             0.25,
                             0.5,
                             1.0,
                             2.5,
                             5.0,
                             10.0,
                             30.0};

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
  std::snprintf(text, sizeof(text), "%.9g", value);
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

void head(
    const char* name, const char* type, const char* unit, const char* help, const TextSink& write) {
  std::string text = std::string("# TYPE ") + name + ' ' + type + '\n';
  if (*unit != '\0') text += std::string("# UNIT ") + name + ' ' + unit + '\n';
  write(text + "# HELP " + name + ' ' + help + '\n');
}

std::string histogram(const std::string& labels, const std::vector<double>& sorted) {
  const std::string name = "gladhand_bench_phase_seconds";
  std::string text;
  double sum = 0;
  for (const double value : sorted) sum += value / 1e6;
  for (const double bound : bounds) {
    const auto up_to = std::ranges::upper_bound(sorted, bound * 1e6) - sorted.begin();
    text += name + "_bucket{" + labels + ",le=\"" + number(bound) + "\"} " + std::to_string(up_to) +
            '\n';
  }
  const std::string count = std::to_string(sorted.size());
  return text + name + "_bucket{" + labels + ",le=\"+Inf\"} " + count + '\n' + name + "_count{" +
         labels + "} " + count + '\n' + name + "_sum{" + labels + "} " + number(sum) + '\n';
}

// Times of a phase, by the family of the address that was connected to; a question's family is in
// its phase's name, and it is asked whichever wins.
void write_phase(const HostSamples& host,
                 const ModeSamples& mode,
                 Phase phase,
                 const TextSink& write) {
  std::map<std::string_view, std::vector<double>> by_family;
  for (const Sample& sample : mode.samples) {
    const auto time = duration(host, mode, sample, phase);
    if (!time) continue;
    const auto address = host.address_of(mode, sample);
    const auto family = address ? address->family() : std::nullopt;
    by_family[family ? to_string(*family) : "none"].push_back(static_cast<double>(time->count()));
  }
  for (auto& [family, values] : by_family) {
    std::ranges::sort(values);
    write(histogram(labels_of(host, mode) + ',' + label("family", family) + ',' +
                        label("phase", to_string(phase)),
                    values));
  }
}

template <typename Use>
void for_each_mode(const BenchRun& run, Use use) {
  for (std::size_t i = 0; i < run.hosts.size(); ++i)
    for (std::size_t k = 0; k < run.hosts[i].modes.size(); ++k)
      use(run.hosts[i], run.hosts[i].modes[k], i, k);
}

void write_outcomes(const HostSamples& host, const ModeSamples& mode, const TextSink& write) {
  constexpr auto last = static_cast<std::size_t>(SampleOutcome::failed);
  std::size_t counts[last + 1] = {};
  for (const Sample& sample : mode.samples) ++counts[static_cast<std::size_t>(sample.outcome)];
  for (std::size_t i = 0; i <= last; ++i)
    write("gladhand_bench_samples{" + labels_of(host, mode) + ',' +
          label("outcome", to_string(static_cast<SampleOutcome>(i))) + "} " +
          std::to_string(counts[i]) + '\n');
}

}  // namespace

void write_openmetrics(const BenchRun& run,
                       std::span<const std::vector<Summary>> summaries,
                       const TextSink& write) {
  head("gladhand_bench_phase_seconds",
       "histogram",
       "seconds",
       "Time that a phase of a dial took.",
       write);
  for_each_mode(run,
                [&](const HostSamples& host, const ModeSamples& mode, std::size_t, std::size_t) {
                  for (const Phase phase : phases)
                    if (phase != Phase::connect_ipv6 && phase != Phase::connect_ipv4)
                      write_phase(host, mode, phase, write);
                });
  head("gladhand_bench_quantile_seconds",
       "gauge",
       "seconds",
       "Quantiles of the time to connected, of the dials that connected.",
       write);
  for_each_mode(
      run, [&](const HostSamples& host, const ModeSamples& mode, std::size_t i, std::size_t k) {
        const Summary& figures = summaries[i][k];
        if (!figures.any_connected()) return;
        for (const char* quantile : {"0.5", "0.9", "0.99", "1.0"})
          write("gladhand_bench_quantile_seconds{" + labels_of(host, mode) + ',' +
                label("quantile", quantile) + "} " +
                number(percentile(figures.sorted, std::stod(quantile) * 100) / 1e6) + '\n');
      });
  head("gladhand_bench_samples", "gauge", "", "Dials of the last run, by how they ended.", write);
  for_each_mode(run,
                [&](const HostSamples& host, const ModeSamples& mode, std::size_t, std::size_t) {
                  write_outcomes(host, mode, write);
                });
  head("gladhand_bench_loss_ratio", "gauge", "ratio", "Share of the dials that failed.", write);
  for_each_mode(
      run, [&](const HostSamples& host, const ModeSamples& mode, std::size_t i, std::size_t k) {
        write("gladhand_bench_loss_ratio{" + labels_of(host, mode) + "} " +
              number(summaries[i][k].loss()) + '\n');
      });
  head("gladhand_bench_start_time_seconds", "gauge", "seconds", "When the run began.", write);
  write("gladhand_bench_start_time_seconds " + seconds_since_epoch(run.started) + "\n# EOF\n");
}

}  // namespace gladhand
