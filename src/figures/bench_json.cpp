#include "figures/bench_json.hpp"

#include <cmath>
#include <cstdio>
#include <string>

#include "gladhand/error.hpp"
#include "samples/bench_verdict.hpp"
#include "samples/comparison.hpp"
#include "samples/headline.hpp"

namespace gladhand {

namespace {

long long rounded(double microseconds) {
  return std::llround(microseconds);
}

std::string decimal(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", number);
  return text;
}

std::string interval(const Interval& it) {
  return '[' + std::to_string(rounded(it.low)) + ',' + std::to_string(rounded(it.high)) + ']';
}

template <typename Items, typename Format>
std::string array(const Items& items, Format format) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ',';
    text += format(item);
  }
  return text + ']';
}

std::string strings(const std::vector<std::string>& items) {
  return array(items, [](const std::string& item) { return json_string(item); });
}

std::string environment(const BenchEnvironment& it) {
  return JsonLine()
      .add("gladhand", it.version)
      .add("kernel", it.kernel)
      .add("cpus", it.cpus)
      .add("node", it.node)
      .add("command", it.command)
      .object();
}

std::string terms(const BenchTerms& it) {
  return JsonLine()
      .add("until", it.until_banner ? "banner" : "tcp")
      .add("samples", it.samples)
      .add("concurrency", it.concurrency)
      .raw("rate_per_s", it.rate ? decimal(*it.rate) : "null")
      .add("timeout_us", it.timeout.count())
      .add("connection_attempt_delay_us", it.connection_attempt_delay.count())
      .add("resolution_delay_us", it.resolution_delay.count())
      .object();
}

std::string source(const BenchSource& it) {
  return JsonLine()
      .add("vantage", it.vantage)
      .add("started", utc_text(it.started))
      .add("duration_us", it.duration.count())
      .raw("environment", environment(it.environment))
      .raw("options", terms(it.terms))
      .add("saturated", it.saturated)
      .add("never_begun", it.never_begun)
      .add("interrupted", it.interrupted)
      .object();
}

std::string comparison(const HostSamples& host, const Comparison& it) {
  JsonLine line;
  line.add("mode", host.modes[it.first].mode)
      .add("first", host.modes[it.first].vantage)
      .add("second", host.modes[it.second].vantage)
      .add("verdict", to_string(it.verdict));
  if (it.ci95) line.add("difference_us", rounded(it.difference)).raw("ci95_us", interval(*it.ci95));
  return line.object();
}

std::string phase_figures(const PhaseSummary& it) {
  JsonLine line;
  line.add("median_us", rounded(it.median));
  if (it.p90) line.add("p90_us", rounded(*it.p90));
  return line.object();
}

std::string summary(const Summary& it) {
  JsonLine phases;
  for (const auto& [phase, figures] : it.phases)
    phases.raw(to_string(phase), phase_figures(figures));
  JsonLine line;
  line.add("count", it.count).add("ours", it.ours).add("failures", it.failures).raw("loss", decimal(it.loss()));
  if (it.any_connected()) {
    line.add("min_us", rounded(it.min()))
        .add("median_us", rounded(it.median))
        .add("max_us", rounded(it.max()))
        .add("mean_us", rounded(it.mean));
  }
  if (it.p90) line.add("p90_us", rounded(*it.p90));
  if (it.p99) line.add("p99_us", rounded(*it.p99));
  if (it.median_ci95) line.raw("median_ci95_us", interval(*it.median_ci95));
  if (it.best_family) line.add("best_family", to_string(*it.best_family));
  return line.raw("wins", JsonLine().add("IPv6", it.ipv6_wins).add("IPv4", it.ipv4_wins).object())
      .add("bimodal", it.bimodal.has_value())
      .raw("phases", phases.object())
      .object();
}

std::string query(const QuerySample& it) {
  return JsonLine()
      .add("type", question_type(it.family))
      .add("start_us", it.start.count())
      .add("end_us", it.end.count())
      .add("status", to_string(it.status))
      .add("addresses", it.addresses)
      .object();
}

void add_address(JsonLine& line, const Endpoint& endpoint) {
  line.add("address", to_string(endpoint));
  if (const auto family = endpoint.family()) line.add("family", to_string(*family));
}

std::string attempt(const HostSamples& host, const AttemptSample& it) {
  JsonLine line;
  add_address(line, host.addresses[it.address]);
  line.add("start_us", it.start.count())
      .add("end_us", it.end.count())
      .add("outcome", to_string(it.outcome));
  if (it.outcome == AttemptOutcome::failure) {
    line.add("error", system_words(it.error));
  } else {
    line.raw("error", "null");
  }
  return line.object();
}

void add_sample(JsonLine& line,
                WallTime time,
                const HostSamples& host,
                const ModeSamples& mode,
                const Sample& it) {
  line.add("n", it.number)
      .add("time", utc_text(time))
      .add("intended_us", it.intended.count())
      .add("started_us", it.started.count())
      .add("outcome", to_string(it.outcome));
  if (it.error == Sample::none) {
    line.raw("error", "null");
  } else {
    line.add("error", host.error_of(it));
  }
  line.add("total_us", it.total.count()).add("lag_us", it.lag.count());
  if (const auto address = host.address_of(mode, it)) add_address(line, *address);
  if (it.local != Sample::none) {
    line.add("local_address", to_string(host.locals[it.local]));
    if (it.local_port > 0) line.add("local_port", it.local_port);
  }
  if (it.round_trip != Sample::absent)
    line.add("rtt_us", it.round_trip.count())
        .add("syn_retransmits", it.retransmits)
        .add("mss", it.segment_size);
  if (it.congestion != Sample::none) line.add("congestion", host.texts[it.congestion]);
  if (it.first_line != Sample::none) line.add("banner", host.first_line_of(it));
  JsonLine durations;
  for (const Phase phase : steps)
    if (const auto took = duration(host, mode, it, phase))
      durations.add(std::string(to_string(phase)) + "_us", took->count());
  line.raw("phases", durations.object())
      .raw("queries", array(mode.queries_of(it), query))
      .raw("attempts", array(mode.attempts_of(it), [&host](const AttemptSample& each) {
             return attempt(host, each);
           }));
}

void write_mode(const BenchRun& run,
                const HostSamples& host,
                const ModeSamples& mode,
                const Summary& figures,
                const TextSink& write) {
  JsonLine line;
  line.add("mode", mode.mode);
  if (!mode.vantage.empty()) line.add("vantage", mode.vantage);
  line.raw("summary", summary(figures));
  write(opened(line) + ",\"samples\":[");
  for (std::size_t i = 0; i < mode.samples.size(); ++i) {
    JsonLine of_sample;
    const Sample& sample = mode.samples[i];
    add_sample(of_sample, began(run, mode, sample), host, mode, sample);
    write((i == 0 ? "\n" : ",\n") + of_sample.object());
  }
  write("]}");
}

}  // namespace

std::string opened(const JsonLine& line) {
  std::string text = line.object();
  text.pop_back();
  return text;
}

JsonLine bench_json_head(const BenchRun& run, std::span<const std::vector<Summary>> summaries) {
  JsonLine head;
  head.add("schema", "gladhand-bench/1")
      .add("started", utc_text(run.started))
      .add("duration_us", run.duration.count())
      .raw("environment", environment(run.environment))
      .raw("options", terms(run.terms))
      .add("saturated", is_saturated(run, summaries))
      .add("never_begun", run.never_begun)
      .add("interrupted", run.interrupted)
      .raw("verdicts", strings(run_verdicts(run, summaries)));
  const Headline said = headline(run, summaries);
  head.add("well", said.well).add("headline", said.text);
  if (!run.sources.empty())
    head.raw("merged", array(run.sources, source)).add("method", comparison_method);
  return head;
}

JsonLine bench_json_host(const HostSamples& host, std::span<const Summary> summaries) {
  JsonLine line;
  line.add("host", host.host)
      .add("port", host.port);
  if (!host.labels.empty()) {
    JsonLine labels;
    for (const auto& [name, value] : host.labels) labels.add(name, value);
    line.raw("labels", labels.object());
  }
  line.raw("verdicts", strings(host_verdicts(host, summaries)));
  const std::vector<Comparison> found = compare_vantages(host, summaries);
  if (!found.empty())
    line.raw("comparisons",
             array(found, [&host](const Comparison& it) { return comparison(host, it); }));
  return line;
}

std::string bench_json_line(WallTime time,
                            const HostSamples& host,
                            const ModeSamples& mode,
                            const Sample& sample) {
  JsonLine line;
  line.add("host", host.host).add("port", host.port).add("mode", mode.mode);
  add_sample(line, time, host, mode, sample);
  return line.object() + '\n';
}

void write_bench_json(const BenchRun& run,
                      std::span<const std::vector<Summary>> summaries,
                      const TextSink& write) {
  const JsonLine head = bench_json_head(run, summaries);
  write(opened(head) + ",\"hosts\":[");
  for (std::size_t i = 0; i < run.hosts.size(); ++i) {
    const HostSamples& host = run.hosts[i];
    const JsonLine line = bench_json_host(host, summaries[i]);
    write((i == 0 ? "\n" : ",\n") + opened(line) + ",\"modes\":[");
    for (std::size_t k = 0; k < host.modes.size(); ++k) {
      if (k > 0) write(",");
      write_mode(run, host, host.modes[k], summaries[i][k], write);
    }
    write("]}");
  }
  write("]}\n");
}

}  // namespace gladhand
