#include "figures/bench_csv.hpp"

#include <string>

#include "base/clean_text.hpp"

namespace gladhand {

namespace {

// A spreadsheet takes what begins so for a formula, and runs it; behind an apostrophe it is text.
// Some separate fields by semicolons.
std::string field(std::string_view given) {
  std::string text = clean_text(given);
  if (!text.empty() && std::string_view("=+-@").find(text[0]) != text.npos) text.insert(0, 1, '\'');
  if (text.find_first_of(",;\"") == text.npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

// "role=web site=ams"
std::string labels_of(const HostSamples& host) {
  std::string text;
  for (const auto& [name, value] : host.labels)
    text += (text.empty() ? "" : " ") + name + '=' + value;
  return text;
}

std::string line(const BenchRun& run,
                 const HostSamples& host,
                 const ModeSamples& mode,
                 const Sample& sample) {
  std::string text = field(host.host) + ',' + field(host.port) + ',' + field(mode.mode);
  for (const auto number :
       {static_cast<Moment::rep>(sample.number), sample.intended.count(), sample.started.count()})
    text += ',' + std::to_string(number);
  text += ',' + std::string(to_string(sample.outcome)) + ',' + field(host.error_of(sample)) + ',' +
          std::to_string(sample.total.count());
  const auto address = host.address_of(mode, sample);
  const auto family = address ? address->family() : std::nullopt;
  text += ',' + std::string(family ? to_string(*family) : "") + ',' +
          (address ? field(to_string(*address)) : "");
  for (const Phase phase : steps) {
    const auto time = duration(host, mode, sample, phase);
    text += ',' + (time ? std::to_string(time->count()) : "");
  }
  text += ',' + std::to_string(sample.attempts) + ',' + utc_text(began(run, mode, sample)) + ',' +
          std::to_string(sample.lag.count()) + ',' + field(host.first_line_of(sample)) + ',' +
          (sample.local == Sample::none ? "" : field(to_string(host.locals[sample.local]))) + ',' +
          (sample.local_port == 0 ? "" : std::to_string(sample.local_port));
  const bool is_tcp = sample.round_trip != Sample::absent;
  text += ',' + (is_tcp ? std::to_string(sample.round_trip.count()) : "") + ',' +
          (is_tcp ? std::to_string(sample.retransmits) : "") + ',' +
          (is_tcp ? std::to_string(sample.segment_size) : "") + ',' +
          (sample.congestion == Sample::none ? "" : field(host.texts[sample.congestion])) + ',' +
          field(labels_of(host));
  if (!mode.vantage.empty()) text += ',' + field(mode.vantage);
  return text + '\n';
}

}  // namespace

void write_bench_csv(const BenchRun& run, const TextSink& write) {
  write(
      "host,port,mode,n,intended_us,started_us,outcome,error,total_us,family,address,"
      "dns_aaaa_us,dns_a_us,connect_us,proxy_us,banner_us,attempts,time,lag_us,banner,local_address,local_port,rtt_us,syn_retransmits,mss,congestion,labels");
  write(run.sources.size() > 1 ? ",vantage\n" : "\n");
  for (const HostSamples& host : run.hosts)
    for (const ModeSamples& mode : host.modes)
      for (const Sample& sample : mode.samples) write(line(run, host, mode, sample));
}

}  // namespace gladhand
