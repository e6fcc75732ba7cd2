#include "figures/page.hpp"

#include <algorithm>
#include <cmath>

#include "figures/bench_picture.hpp"
#include "figures/page_frame.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

constexpr std::size_t most_samples = 5000;
constexpr std::chrono::milliseconds milliseconds{1};

std::string integers(std::initializer_list<long long> numbers) {
  std::string text = "[";
  for (const long long number : numbers)
    text += (text.size() > 1 ? "," : "") + std::to_string(number);
  return text + ']';
}

// Count, failures, wins of IPv6 and IPv4, dials that failed for this machine; then, where any connected: min, median, p90, p99, max. -1
// for a percentile that there are too few samples for.
std::string figures_of(const Summary& it) {
  const auto count = [](std::size_t number) { return static_cast<long long>(number); };
  if (!it.any_connected()) return integers({count(it.count), count(it.failures), 0, 0, count(it.ours)});
  return integers({count(it.count),
                   count(it.failures),
                   count(it.ipv6_wins),
                   count(it.ipv4_wins),
                   count(it.ours),
                   std::llround(it.min()),
                   std::llround(it.median),
                   std::llround(it.p90.value_or(-1)),
                   std::llround(it.p99.value_or(-1)),
                   std::llround(it.max())});
}

int number_of(std::optional<Family> family) {
  return !family ? 0 : *family == Family::ipv6 ? 6 : 4;
}

// 6 or 4 for a connected sample, 0 where it has no such family, -1 for one that failed, -2 where it
// did for this machine.
int mark_of(const HostSamples& host, const ModeSamples& mode, const Sample& sample) {
  if (sample.outcome == SampleOutcome::ours) return -2;
  if (sample.outcome != SampleOutcome::connected) return -1;
  const auto address = host.address_of(mode, sample);
  return number_of(address ? address->family() : std::nullopt);
}

std::size_t stride_of(const ModeSamples& mode) {
  return std::max<std::size_t>((mode.samples.size() + most_samples - 1) / most_samples, 1);
}

// Total, mark and start, in milliseconds since the run began, of each sample in the order of their
// starts, one after the other.
std::string samples_of(const BenchRun& run, const HostSamples& host, const ModeSamples& mode) {
  std::vector<const Sample*> ordered;
  ordered.reserve(mode.samples.size());
  for (const Sample& sample : mode.samples) ordered.push_back(&sample);
  std::ranges::stable_sort(ordered, {}, &Sample::started);
  std::string text = "[";
  for (std::size_t i = 0; i < ordered.size(); i += stride_of(mode))
    text += (i == 0 ? "" : ",") + std::to_string(ordered[i]->total.count()) + ',' +
            std::to_string(mark_of(host, mode, *ordered[i])) + ',' +
            std::to_string((began(run, mode, *ordered[i]) - run.started) / milliseconds);
  return text + ']';
}

// A row of a waterfall: label, start, end, kind, what came of it, and 6 or 4 where it has a family.
std::string bar(std::string_view label,
                Moment start,
                Moment end,
                std::string_view kind,
                const std::string& text,
                int family = 0) {
  return '[' + json_string(label) + ',' + std::to_string(start.count()) + ',' +
         std::to_string(end.count()) + ',' + json_string(kind) + ',' + json_string(text) + ',' +
         std::to_string(family) + ']';
}

std::string query_bar(const QuerySample& it) {
  std::string text;
  if (it.status == AnswerStatus::addresses) {
    text = std::to_string(it.addresses) + (it.addresses == 1 ? " address" : " addresses");
  } else {
    text = to_string(it.status);
    std::ranges::replace(text, '_', ' ');
  }
  return bar(question_type(it.family), it.start, it.end, it.status ? "query" : "canceled", text);
}

std::string attempt_bar(const HostSamples& host, const AttemptSample& it) {
  const Endpoint& address = host.addresses[it.address];
  std::string text;
  switch (it.outcome) {
    case AttemptOutcome::success: text = "connected"; break;
    case AttemptOutcome::canceled: text = "given up"; break;
    case AttemptOutcome::timeout: text = "no answer"; break;
    case AttemptOutcome::failure: text = system_words(it.error); break;
  }
  return bar(to_string(address),
             it.start,
             it.end,
             to_string(it.outcome),
             text,
             number_of(address.family()));
}

// The handshakes with proxies begin where the winning attempt ends; the banner ends the dial.
std::string dial_of(std::string_view which,
                    const HostSamples& host,
                    const ModeSamples& mode,
                    const Sample& sample) {
  std::string bars;
  const auto add = [&bars](const std::string& text) { bars += (bars.empty() ? "" : ",") + text; };
  for (const QuerySample& it : mode.queries_of(sample)) add(query_bar(it));
  for (const AttemptSample& it : mode.attempts_of(sample)) add(attempt_bar(host, it));
  const Moment end = sample.end();
  const Moment banner = sample.banner == Sample::absent ? Moment(0) : Moment(sample.banner);
  if (const auto talk = mode.handshakes_of(sample))
    add(bar("proxy",
            talk->start,
            talk->end,
            talk->failed ? "failure" : "phase",
            talk->failed ? "failed" : "handshakes"));
  if (sample.banner != Sample::absent) add(bar("banner", end - banner, end, "phase", "first line"));
  return JsonLine()
      .add("which", which)
      .add("n", sample.number)
      .add("total_us", sample.total.count())
      .add("end_us", end.count())
      .add("error", host.error_of(sample))
      .raw("bars", '[' + bars + ']')
      .object();
}

std::string dials_of(const HostSamples& host, const ModeSamples& mode, const Summary& figures) {
  const auto [typical, worst] = typical_and_worst(mode, figures);
  std::string text = "[";
  if (typical != nullptr) text += dial_of("median", host, mode, *typical);
  if (worst != nullptr)
    text += (typical != nullptr ? "," : "") + dial_of("worst", host, mode, *worst);
  return text + ']';
}

std::string mode_of(const BenchRun& run,
                    const HostSamples& host,
                    const ModeSamples& mode,
                    const Summary& figures) {
  JsonLine line;
  line.add("mode", mode.mode);
  if (!mode.vantage.empty()) line.add("vantage", mode.vantage);
  line.raw("figures", figures_of(figures));
  if (figures.best_family) line.add("best", to_string(*figures.best_family));
  if (figures.median_ci95)
    line.raw("ci95_us",
             integers({std::llround(figures.median_ci95->low),
                       std::llround(figures.median_ci95->high)}));
  return line.add("bimodal", figures.bimodal.has_value())
      .add("stride", stride_of(mode))
      .raw("samples", samples_of(run, host, mode))
      .raw("dials", dials_of(host, mode, figures))
      .object();
}

}  // namespace

std::string in_script(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

void write_page(const BenchRun& run,
                std::span<const std::vector<Summary>> summaries,
                const TextSink& write) {
  write(page_before_data);
  JsonLine head = bench_json_head(run, summaries);
  if (!run.group_by.empty()) head.add("group_by", run.group_by);
  write(in_script(opened(head)) + ",\"hosts\":[");
  for (std::size_t i = 0; i < run.hosts.size(); ++i) {
    const HostSamples& host = run.hosts[i];
    std::string text =
        (i == 0 ? "\n" : ",\n") + opened(bench_json_host(host, summaries[i])) + ",\"modes\":[";
    for (std::size_t k = 0; k < host.modes.size(); ++k)
      text += (k == 0 ? "" : ",") + mode_of(run, host, host.modes[k], summaries[i][k]);
    write(in_script(text + "]}"));
  }
  write("]}");
  write(page_after_data);
}

}  // namespace gladhand
