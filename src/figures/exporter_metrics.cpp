#include "figures/exporter_metrics.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace gladhand {

namespace {

constexpr Family families[] = {Family::ipv6, Family::ipv4};
constexpr AttemptOutcome outcomes[] = {AttemptOutcome::success,
                                       AttemptOutcome::failure,
                                       AttemptOutcome::timeout,
                                       AttemptOutcome::canceled};

std::size_t index(Family family) {
  return family == Family::ipv6 ? 0 : 1;
}

std::string seconds(Moment time) {
  return metric_number(static_cast<double>(time.count()) / 1e6);
}

std::string line(const std::string& name, const std::string& labels, const std::string& value) {
  return name + (labels.empty() ? "" : '{' + labels + '}') + ' ' + value + '\n';
}

}  // namespace

ExporterMetrics::ExporterMetrics(std::string labels, bool with_addresses)
    : labels_(std::move(labels)), with_addresses_(with_addresses) {}

void ExporterMetrics::add(WallTime time, const HostSamples& host, const ModeSamples& mode) {
  const Sample& sample = mode.samples.back();
  Series& series =
      series_[metric_labels_of(host, mode) + (labels_.empty() ? "" : ',' + labels_)];
  series.time = time;
  if (sample.outcome == SampleOutcome::ours) {
    if (!series.ours) series.ours.emplace();
    series.ours->add(sample.total);
    return;
  }
  series.success = sample.outcome == SampleOutcome::connected;
  (series.success ? series.connected : series.failed).add(sample.total);
  series.phases.clear();
  for (const Phase phase : phases)
    if (const auto took = duration(host, mode, sample, phase)) series.phases[phase] = *took;
  for (const AttemptSample& attempt : mode.attempts_of(sample))
    if (const auto family = host.addresses[attempt.address].family())
      ++series.attempts[index(*family)][static_cast<std::size_t>(attempt.outcome)];
  const auto address = host.address_of(mode, sample);
  if (!series.success || !address) return;
  if (const auto family = address->family()) ++series.wins[index(*family)];
  series.address = to_string(*address);
}

void ExporterMetrics::write_each(
    const char* name,
    const char* type,
    const char* unit,
    const char* help,
    const std::function<void(const std::string& labels, const Series& of)>& lines,
    const TextSink& write) const {
  write_metric_head(name, type, unit, help, write);
  for (const auto& [labels, of] : series_) lines(labels, of);
}

void ExporterMetrics::write(const LoopLag& lag, const TextSink& write) const {
  const char* name = "gladhand_bench_dial_seconds";
  const auto each = [this, &name, &write](const char* of,
                                          const char* type,
                                          const char* unit,
                                          const char* help,
                                          const auto& lines) {
    name = of;
    write_each(of, type, unit, help, lines, write);
  };
  const auto put = [&name, &write](const std::string& labels, const std::string& value) {
    write(line(name, labels, value));
  };
  each(name,
       "histogram",
       "seconds",
       "Time of dials, from when they were due, by how they ended.",
       [&](const std::string& labels, const Series& of) {
         const auto histogram = [&](const DialHistogram& it, const char* outcome) {
           write(it.lines(name, labels + ',' + metric_label("outcome", outcome)));
         };
         histogram(of.connected, "connected");
         histogram(of.failed, "failed");
         if (of.ours) histogram(*of.ours, "ours");
       });
  each("gladhand_bench_wins_total",
       "counter",
       "",
       "Dials that a family won.",
       [&](const std::string& labels, const Series& of) {
         for (const Family family : families)
           put(labels + ',' + metric_label("family", to_string(family)),
               std::to_string(of.wins[index(family)]));
       });
  each("gladhand_bench_attempts_total",
       "counter",
       "",
       "Attempts to connect, by how they ended; canceled: another had connected.",
       [&](const std::string& labels, const Series& of) {
         for (const Family family : families)
           for (const AttemptOutcome outcome : outcomes)
             put(labels + ',' + metric_label("family", to_string(family)) + ',' +
                     metric_label("outcome", to_string(outcome)),
                 std::to_string(of.attempts[index(family)][static_cast<std::size_t>(outcome)]));
       });
  each("gladhand_bench_success",
       "gauge",
       "",
       "Whether the last dial connected.",
       [&](const std::string& labels, const Series& of) { put(labels, of.success ? "1" : "0"); });
  each("gladhand_bench_last_seconds",
       "gauge",
       "seconds",
       "The last dial, by phase.",
       [&](const std::string& labels, const Series& of) {
         for (const auto& [phase, took] : of.phases)
           put(labels + ',' + metric_label("phase", to_string(phase)), seconds(took));
       });
  each("gladhand_bench_last_time_seconds",
       "gauge",
       "seconds",
       "When the last dial began.",
       [&](const std::string& labels, const Series& of) {
         put(labels, seconds(of.time.time_since_epoch()));
       });
  if (with_addresses_)
    each("gladhand_bench_address_info",
         "gauge",
         "",
         "Which address was connected to last.",
         [&](const std::string& labels, const Series& of) {
           if (!of.address.empty()) put(labels + ',' + metric_label("address", of.address), "1");
         });
  write_metric_head("gladhand_bench_loop_lag_seconds",
                    "gauge",
                    "seconds",
                    "How late this program is in a tenth of all looks at its clock.",
                    write);
  write(line("gladhand_bench_loop_lag_seconds", labels_, seconds(lag.p90)));
}

// --- a probe -------------------------------------------------------------------------------

namespace {

class Probe {
 public:
  Probe(const HostSamples& host, bool with_addresses)
      : host_(host), with_addresses_(with_addresses), race_(host.modes.front()) {}

  std::string text() {
    const Sample& sample = race_.samples.front();
    const bool success = sample.outcome == SampleOutcome::connected;
    gauge("probe_success", "Whether the race connected.", success ? "1" : "0");
    gauge("probe_duration_seconds", "How long the race took.", seconds(sample.total));
    gauge("probe_dns_lookup_time_seconds", "Until both questions were answered.", dns(sample));
    const auto address = host_.address_of(race_, sample);
    gauge("probe_ip_protocol", "The family that won the race: 6 or 4; 0 for none.", number(address));
    gauge("gladhand_probe_ours",
          "Whether a limit of the exporter's machine kept it from dialling.",
          sample.outcome == SampleOutcome::ours ? "1" : "0");
    outcome(sample);
    race_phases(sample);
    by_family();
    if (sample.first_line != Sample::none)
      info("gladhand_probe_banner_info", "What the server says it is.", "banner",
           host_.first_line_of(sample));
    if (with_addresses_ && address)
      info("gladhand_probe_address_info", "Which address won.", "address", to_string(*address));
    return std::move(text_);
  }

 private:
  void head(const char* name, const char* help) {
    write_metric_head(
        name, "gauge", "", help, [this](std::string_view part) { text_ += part; });
  }
  void gauge(const char* name, const char* help, const std::string& value) {
    head(name, help);
    text_ += line(name, "", value);
  }
  void info(const char* name, const char* help, const char* label, std::string_view value) {
    head(name, help);
    text_ += line(name, metric_label(label, value), "1");
  }

  static std::string number(const std::optional<Endpoint>& address) {
    const auto family = address ? address->family() : std::nullopt;
    return !family ? "0" : *family == Family::ipv6 ? "6" : "4";
  }

  std::string dns(const Sample& sample) const {
    Moment last{};
    for (const QuerySample& query : race_.queries_of(sample))
      if (query.status) last = std::max<Moment>(last, query.end);
    return seconds(last);
  }

  void outcome(const Sample& sample) {
    head("gladhand_probe_outcome", "How the race ended.");
    text_ += line("gladhand_probe_outcome", metric_label("outcome", to_string(sample.outcome)), "1");
  }

  void race_phases(const Sample& sample) {
    const char* name = "gladhand_probe_phase_seconds";
    head(name, "The parts of the race.");
    for (const Phase phase : steps)
      if (const auto took = duration(host_, race_, sample, phase))
        text_ += line(name, metric_label("phase", to_string(phase)), seconds(*took));
  }

  // Where any dial connected over a family: the quickest of its connects. An attempt that was given
  // up tells nothing: then it is the dial of the family alone that does.
  void by_family() {
    std::optional<Moment> connects[2];
    bool tried[2] = {};
    for (const ModeSamples& mode : host_.modes) {
      for (const AttemptSample& attempt : mode.attempts) {
        const auto family = host_.addresses[attempt.address].family();
        if (!family) continue;
        tried[index(*family)] = true;
        const Moment took = attempt.end - attempt.start;
        auto& best = connects[index(*family)];
        if (attempt.outcome == AttemptOutcome::success) best = std::min(best.value_or(took), took);
      }
    }
    const auto each = [&](const char* name, const char* help, const auto& value) {
      head(name, help);
      for (const Family family : families)
        if (const std::optional<std::string> text = value(index(family)))
          text_ += line(name, metric_label("family", to_string(family)), *text);
    };
    each("gladhand_probe_family_success",
         "Whether a family connects; none of a family that the host has no address of.",
         [&](std::size_t i) {
           return tried[i] ? std::optional<std::string>(connects[i] ? "1" : "0") : std::nullopt;
         });
    each("gladhand_probe_family_connect_seconds", "How long its connect took.", [&](std::size_t i) {
      return connects[i] ? std::optional(seconds(*connects[i])) : std::nullopt;
    });
  }

  const HostSamples& host_;
  bool with_addresses_;
  const ModeSamples& race_;
  std::string text_;
};

}  // namespace

std::string probe_metrics(const HostSamples& host, bool with_addresses) {
  return Probe(host, with_addresses).text();
}

}  // namespace gladhand
