#include "figures/bench_json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include "base/position.hpp"
#include "figures/json_shape.hpp"
#include "gladhand/error.hpp"
#include "samples/host_list.hpp"

namespace gladhand {

namespace {

constexpr std::size_t most_addresses = 4096;  // of one host: each is looked for among them
constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();

// --- samples -------------------------------------------------------------------------------

// A kind of address that to_string() has no way back from is none.
Endpoint endpoint_of(const std::string& text) {
  if (text.starts_with('/')) return Endpoint::unix_socket(text).value_or(Endpoint());
  if (const auto address = parse_address(text, 0)) return *address;
  return parse_address(std::string_view(text).substr(0, text.find('%')), 0).value_or(Endpoint());
}

// The system's text of an error back to its number; 0 for one that this system does not have.
std::int16_t error_of(const std::string& text) {
  constexpr int last = 133;
  for (int number = 1; number <= last; ++number)
    if (text == system_words(number)) return static_cast<std::int16_t>(number);
  return 0;
}

void check_order(Moment start, Moment end) {
  if (end < start) throw WrongShape{"end_us", "is before start_us"};
}

QuerySample read_query(const Json& from) {
  constexpr auto last = AnswerStatus::bad_answer;
  QuerySample query;
  const std::string type = string_of(from, "type");
  if (type != "AAAA" && type != "A") throw WrongShape{"type", "is neither AAAA nor A"};
  query.family = type == "A" ? Family::ipv4 : Family::ipv6;
  if (string_of(from, "status") != to_string(std::optional<AnswerStatus>()))
    query.status = one_of(from, "status", last);
  query.addresses = static_cast<std::uint16_t>(number_of(from, "addresses", 65535));
  query.start = short_moment_of(from, "start_us");
  query.end = short_moment_of(from, "end_us");
  check_order(query.start, query.end);
  return query;
}

AttemptSample read_attempt(const Json& from, HostSamples& host) {
  AttemptSample attempt;
  attempt.address = position_of(host.addresses, endpoint_of(string_of(from, "address")));
  if (host.addresses.size() > most_addresses)
    throw WrongShape{"address", "is one of more than " + std::to_string(most_addresses)};
  attempt.outcome = one_of(from, "outcome", AttemptOutcome::canceled);
  attempt.error = error_of(optional_string(from, "error"));
  attempt.start = short_moment_of(from, "start_us");
  attempt.end = short_moment_of(from, "end_us");
  check_order(attempt.start, attempt.end);
  return attempt;
}

std::uint16_t find_winner(std::span<const AttemptSample> attempts) {
  const auto found = std::ranges::find(attempts, AttemptOutcome::success, &AttemptSample::outcome);
  return found == attempts.end() ? Sample::no_winner
                                 : static_cast<std::uint16_t>(found - attempts.begin());
}

void read_sample(const Json& from, HostSamples& host, ModeSamples& mode) {
  constexpr std::size_t most = 65535;
  Sample sample;
  sample.number =
      static_cast<std::uint32_t>(number_of(from, "n", std::numeric_limits<std::uint32_t>::max()));
  sample.intended = moment_of(from, "intended_us");
  sample.started = moment_of(from, "started_us");
  sample.total = moment_of(from, "total_us");
  sample.outcome = one_of(from, "outcome", SampleOutcome::ours);
  if (from.contains("lag_us")) sample.lag = short_moment_of(from, "lag_us");
  if (const std::string error = optional_string(from, "error"); !error.empty())
    sample.error = position_of_text(host.texts, error);
  if (from.contains("local_address"))
    sample.local = position_of(host.locals, endpoint_of(string_of(from, "local_address")));
  if (host.locals.size() > most_addresses)
    throw WrongShape{"local_address", "is one of more than " + std::to_string(most_addresses)};
  if (from.contains("local_port"))
    sample.local_port = static_cast<std::uint16_t>(number_of(from, "local_port", 65535));
  if (from.contains("rtt_us")) {
    sample.round_trip = short_moment_of(from, "rtt_us");
    sample.retransmits = static_cast<std::uint8_t>(number_of(from, "syn_retransmits", 255));
    sample.segment_size = static_cast<std::uint16_t>(number_of(from, "mss", 65535));
  }
  if (from.contains("congestion"))
    sample.congestion = position_of_text(host.texts, string_of(from, "congestion"));
  if (from.contains("banner"))
    sample.first_line = position_of_text(host.texts, string_of(from, "banner"));
  const Json& phases = member(from, "phases");
  within("phases", [&] {
    if (!phases.is_object()) throw WrongShape{"", "is no object"};
    if (phases.contains("proxy_us")) sample.proxy = moment_of(phases, "proxy_us");
    if (phases.contains("banner_us")) sample.banner = moment_of(phases, "banner_us");
  });
  sample.first_query = static_cast<std::uint32_t>(mode.queries.size());
  sample.first_attempt = static_cast<std::uint32_t>(mode.attempts.size());
  for_each_item(
      from, "queries", most, [&](const Json& it) { mode.queries.push_back(read_query(it)); });
  for_each_item(from, "attempts", most, [&](const Json& it) {
    mode.attempts.push_back(read_attempt(it, host));
  });
  sample.queries = static_cast<std::uint16_t>(mode.queries.size() - sample.first_query);
  sample.attempts = static_cast<std::uint16_t>(mode.attempts.size() - sample.first_attempt);
  if (from.contains("address"))
    sample.winner = find_winner(std::span(mode.attempts).subspan(sample.first_attempt));
  mode.samples.push_back(sample);
}

HostSamples read_host(const Json& from) {
  constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
  HostSamples host{.host = string_of(from, "host"), .port = string_of(from, "port")};
  if (from.contains("labels")) {
    const Json& labels = member(from, "labels");
    if (!labels.is_object()) throw WrongShape{"labels", "is no object"};
    for (const auto& [name, value] : labels.items()) {
      if (!is_label_name(name)) throw WrongShape{"labels", "has no label's name: " + in_quotes(name)};
      host.labels.emplace_back(name, string_of(labels, name.c_str()));
    }
  }
  for_each_item(from, "modes", any, [&host](const Json& it) {
    ModeSamples mode{.mode = string_of(it, "mode")};
    for_each_item(it, "samples", any, [&](const Json& sample) { read_sample(sample, host, mode); });
    host.modes.push_back(std::move(mode));
  });
  return host;
}

// --- the run -------------------------------------------------------------------------------

WallTime read_time(const std::string& text) {
  const auto time = read_utc(text);
  if (!time) throw WrongShape{"started", "is no time"};
  return *time;
}

BenchEnvironment read_environment(const Json& from) {
  return {string_of(from, "gladhand"),
          string_of(from, "kernel"),
          static_cast<unsigned>(number_of(from, "cpus", 1'000'000)),
          string_of(from, "node"),
          string_of(from, "command")};
}

BenchTerms read_terms(const Json& from) {
  constexpr std::uint64_t most = std::numeric_limits<unsigned>::max();
  BenchTerms terms;
  terms.until_banner = string_of(from, "until") == "banner";
  terms.samples = static_cast<unsigned>(number_of(from, "samples", most));
  terms.concurrency = static_cast<unsigned>(number_of(from, "concurrency", most));
  const Json& rate = member(from, "rate_per_s");
  if (!rate.is_null() && !rate.is_number()) throw WrongShape{"rate_per_s", "is no number"};
  if (rate.is_number()) terms.rate = rate.get<double>();
  terms.timeout = moment_of(from, "timeout_us");
  terms.connection_attempt_delay = moment_of(from, "connection_attempt_delay_us");
  terms.resolution_delay = moment_of(from, "resolution_delay_us");
  return terms;
}

void check_schema(const Json& root) {
  constexpr const char* schema = "gladhand-bench/1";
  if (!root.is_object() || !root.contains("schema") || root["schema"] != schema)
    throw WrongShape{"", std::string("is no report of schema ") + schema};
  if (root.contains("merged"))
    throw WrongShape{"", "is merged already: give the files it was made of"};
}

// Builds the JSON of a report, but of each host only what is read from it: a fleet's report is not in
// memory as JSON. A callback of the library's own parser would be called here, too; what it throws
// away is then looked for among all samples before it, each time.
class ReportBuilder {
 public:
  bool null() { return put(nullptr) != nullptr; }
  bool boolean(bool value) { return put(value) != nullptr; }
  bool number_integer(Json::number_integer_t value) { return put(value) != nullptr; }
  bool number_unsigned(Json::number_unsigned_t value) { return put(value) != nullptr; }
  bool number_float(Json::number_float_t value, const std::string& /*text*/) {
    return put(value) != nullptr;
  }
  bool string(std::string& value) { return put(std::move(value)) != nullptr; }
  bool binary(Json::binary_t& /*value*/) { return false; }

  bool start_object(std::size_t /*size*/) { return open(Json::object()); }
  bool start_array(std::size_t /*size*/) { return open(Json::array()); }
  bool key(std::string& name) {
    if (open_.size() == 1) in_hosts_ = name == "hosts";
    keys_.back() = std::move(name);
    return true;
  }
  bool end_object() {
    close();
    if (in_hosts_ && open_.size() == 2 && open_.back()->is_array()) take_host(*open_.back());
    return true;
  }
  bool end_array() {
    close();
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/, const Json::exception&) {
    broken_at = position;
    return false;
  }

  Json root;
  std::vector<HostSamples> hosts;
  std::optional<WrongShape> fault;  // of the first host that has one
  std::optional<std::size_t> broken_at;

 private:
  // Where it stands now: what is open does not grow meanwhile.
  Json* put(Json value) {
    if (open_.empty()) return &(root = std::move(value));
    Json& into = *open_.back();
    if (into.is_object()) return &(into[keys_.back()] = std::move(value));
    into.push_back(std::move(value));
    return &into.back();
  }

  bool open(Json value) {
    open_.push_back(put(std::move(value)));
    keys_.emplace_back();
    return true;
  }

  void close() {
    open_.pop_back();
    keys_.pop_back();
  }

  void take_host(Json& list) {
    try {
      hosts.push_back(read_host(list.back()));
    } catch (WrongShape& wrong) {
      wrong.path = "hosts[" + std::to_string(hosts.size()) + ']' +
                   (wrong.path.empty() ? "" : "." + wrong.path);
      if (!fault) fault = wrong;
    }
    list.erase(list.size() - 1);
  }

  std::vector<Json*> open_;
  std::vector<std::string> keys_;  // one for each that is open
  bool in_hosts_ = false;
};

struct Broken {
  std::size_t at = 0;  // byte
};

RunOfFile read(std::string_view text) {
  ReportBuilder builder;
  const bool whole = Json::sax_parse(text.begin(), text.end(), &builder);
  if (!whole) throw Broken{builder.broken_at.value_or(0)};
  const Json& root = builder.root;
  check_schema(root);
  if (builder.fault) throw WrongShape(*builder.fault);
  RunOfFile result;
  result.run.started = read_time(string_of(root, "started"));
  result.run.duration = moment_of(root, "duration_us");
  result.run.environment =
      within("environment", [&root] { return read_environment(member(root, "environment")); });
  result.run.terms = within("options", [&root] { return read_terms(member(root, "options")); });
  result.saturated = bool_of(root, "saturated");
  if (root.contains("never_begun"))  // reports of earlier versions have neither
    result.run.never_begun = number_of(root, "never_begun", any_number);
  if (root.contains("interrupted")) result.run.interrupted = bool_of(root, "interrupted");
  const Json& rest = member(root, "hosts");
  if (!rest.is_array()) throw WrongShape{"hosts", "is no list"};
  if (!rest.empty()) throw WrongShape{"hosts", "holds what is no object"};
  result.run.hosts = std::move(builder.hosts);
  return result;
}

}  // namespace

RunOfFile read_bench_json(const std::string& file, std::string_view text) {
  try {
    RunOfFile result = read(text);
    result.file = file;
    return result;
  } catch (const WrongShape& wrong) {
    throw UsageError(in_quotes(file) + ": " + (wrong.path.empty() ? "" : wrong.path + ' ') +
                     wrong.what);
  } catch (const Broken& broken) {
    throw UsageError(in_quotes(file) + ": is no JSON: broken at byte " +
                     std::to_string(broken.at));
  } catch (const Json::exception& error) {
    throw UsageError(in_quotes(file) + ": is no JSON: " + printable(error.what()));
  }
}

}  // namespace gladhand
