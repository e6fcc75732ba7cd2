#include "samples/sample.hpp"

#include <algorithm>

namespace gladhand {

std::string_view to_string(SampleOutcome outcome) {
  switch (outcome) {
    case SampleOutcome::connected: return "connected";
    case SampleOutcome::refused: return "refused";
    case SampleOutcome::unreachable: return "unreachable";
    case SampleOutcome::timed_out: return "timed_out";
    case SampleOutcome::no_address: return "no_address";
    case SampleOutcome::closed: return "closed";
    case SampleOutcome::penalised: return "penalised";
    case SampleOutcome::failed: return "failed";
    case SampleOutcome::ours: return "ours";
  }
  return {};
}

std::string_view to_string(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::success: return "success";
    case AttemptOutcome::failure: return "failure";
    case AttemptOutcome::timeout: return "timeout";
    case AttemptOutcome::canceled: return "canceled";
  }
  return {};
}

std::string_view to_string(std::optional<AnswerStatus> status) {
  return status ? to_string(*status) : "unanswered";
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::total: return "total";
    case Phase::dns_aaaa: return "dns_aaaa";
    case Phase::dns_a: return "dns_a";
    case Phase::connect: return "connect";
    case Phase::connect_ipv6: return "connect_ipv6";
    case Phase::connect_ipv4: return "connect_ipv4";
    case Phase::proxy: return "proxy";
    case Phase::banner: return "banner";
  }
  return {};
}

namespace {

std::optional<Moment> if_present(ShortMoment duration) {
  if (duration == Sample::absent) return std::nullopt;
  return duration;
}

}  // namespace

std::optional<TimeSpan> ModeSamples::handshakes_of(const Sample& sample) const {
  if (sample.proxy == Sample::absent) return std::nullopt;
  if (sample.outcome == SampleOutcome::connected) {
    const Moment wait = if_present(sample.banner).value_or(Moment(0));
    const Moment open = sample.end() - wait;
    return TimeSpan{open - sample.proxy, open};
  }
  Moment start = sample.end() - sample.proxy;
  for (const AttemptSample& attempt : attempts_of(sample))
    if (attempt.outcome == AttemptOutcome::success) start = std::min<Moment>(attempt.end, start);
  return TimeSpan{start, start + sample.proxy, sample.winner == Sample::no_winner};
}

std::optional<Endpoint> HostSamples::address_of(const ModeSamples& mode,
                                                const Sample& sample) const {
  if (sample.winner == Sample::no_winner) return std::nullopt;
  return addresses[mode.attempts_of(sample)[sample.winner].address];
}

std::string_view HostSamples::error_of(const Sample& sample) const {
  return sample.error == Sample::none ? std::string_view() : texts[sample.error];
}

std::string_view HostSamples::label_of(std::string_view name) const {
  const auto found = std::ranges::find(labels, name, &std::pair<std::string, std::string>::first);
  return found == labels.end() ? std::string_view() : found->second;
}

std::string_view HostSamples::first_line_of(const Sample& sample) const {
  return sample.first_line == Sample::none ? std::string_view() : texts[sample.first_line];
}

namespace {

std::optional<Moment> query_duration(const ModeSamples& mode, const Sample& sample, Family family) {
  for (const QuerySample& query : mode.queries_of(sample))
    if (query.family == family && query.status) return query.end - query.start;
  return std::nullopt;
}

std::optional<Moment> connect_duration(const HostSamples& host,
                                       const ModeSamples& mode,
                                       const Sample& sample,
                                       std::optional<Family> family) {
  if (sample.winner == Sample::no_winner) return std::nullopt;
  const AttemptSample& winner = mode.attempts_of(sample)[sample.winner];
  if (family && host.addresses[winner.address].family() != family) return std::nullopt;
  return winner.end - winner.start;
}

}  // namespace

std::optional<Moment> duration(const HostSamples& host,
                               const ModeSamples& mode,
                               const Sample& sample,
                               Phase phase) {
  switch (phase) {
    case Phase::total:
      return sample.outcome == SampleOutcome::connected ? std::optional(sample.total)
                                                        : std::nullopt;
    case Phase::dns_aaaa: return query_duration(mode, sample, Family::ipv6);
    case Phase::dns_a: return query_duration(mode, sample, Family::ipv4);
    case Phase::connect: return connect_duration(host, mode, sample, std::nullopt);
    case Phase::connect_ipv6: return connect_duration(host, mode, sample, Family::ipv6);
    case Phase::connect_ipv4: return connect_duration(host, mode, sample, Family::ipv4);
    case Phase::proxy:
      return sample.outcome == SampleOutcome::connected ? if_present(sample.proxy) : std::nullopt;
    case Phase::banner: return if_present(sample.banner);
  }
  return std::nullopt;
}

WallTime began(const BenchRun& run, const ModeSamples& mode, const Sample& sample) {
  const auto source = std::ranges::find(run.sources, mode.vantage, &BenchSource::vantage);
  if (source != run.sources.end()) return source->started + sample.started;
  return run.started + sample.started;
}

}  // namespace gladhand
