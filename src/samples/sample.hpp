// What gladhand-bench keeps of its dials: samples by host and mode. All else it says is computed
// from these. Ten thousand hosts with ten samples each are kept in memory, so a sample is small:
// its queries and attempts are in two lists of its mode, addresses and texts in two of its host.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gladhand/endpoint.hpp"
#include "gladhand/event.hpp"
#include "samples/wall_time.hpp"

namespace gladhand {

/// How a sample ended.
enum class SampleOutcome : std::uint8_t {
  connected,    ///< what was waited for has come: the connection, or the server's first line
  refused,      ///< every address refused
  unreachable,  ///< no address had a route, or every one was said to be unreachable
  timed_out,    ///< the dial's time ran out
  no_address,   ///< the name has no usable address
  closed,       ///< the server closed the connection before its first line
  penalised,    ///< the server said that it turns this client away for now
  failed,       ///< anything else
  ours,         ///< this machine lacked something, or refused: nothing is known of the server
};

/// "connected", "timed_out", ...: as the reports for machines spell it.
std::string_view to_string(SampleOutcome outcome);

enum class AttemptOutcome : std::uint8_t { success, failure, timeout, canceled };

std::string_view to_string(AttemptOutcome outcome);

/// "addresses", "no_such_name", ... ; "unanswered" for a question the race did not wait for.
std::string_view to_string(std::optional<AnswerStatus> status);

/// A time within one dial, in half the room: up to 71 minutes.
using ShortMoment = std::chrono::duration<std::uint32_t, std::micro>;

/// The longest there is for what is longer.
inline ShortMoment shortened(Moment moment) {
  constexpr ShortMoment longest = ShortMoment::max() - ShortMoment(1);  // but one: Sample::absent
  return std::min<Moment>(std::max(moment, Moment(0)), longest);
}

/// One question to the DNS. Times count from the start of its dial.
struct QuerySample {
  Family family{};
  std::optional<AnswerStatus> status{};  ///< empty: the race was over before an answer came
  std::uint16_t addresses = 0;           ///< how many the answer brought
  ShortMoment start{};
  ShortMoment end{};
};

/// One connection attempt. Times count from the start of its dial.
struct AttemptSample {
  std::uint32_t address = 0;  ///< position in HostSamples::addresses
  AttemptOutcome outcome{};
  std::int16_t error = 0;  ///< errno of a failure
  ShortMoment start{};
  ShortMoment end{};
};

/// One dial. What is absent has no value.
struct Sample {
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::uint16_t no_winner = 65535;
  static constexpr ShortMoment absent = ShortMoment::max();

  Moment intended{};            ///< when it should have begun, since the run began
  Moment started{};             ///< when it did
  Moment total{};               ///< from `intended` to the end: a late start is not hidden
  ShortMoment proxy = absent;   ///< the handshakes with proxies
  ShortMoment banner = absent;  ///< from connected to the server's first line
  ShortMoment lag{};            ///< the longest that this program was late in it
  std::uint32_t number = 0;     ///< counts from 0 in each mode
  std::uint32_t first_query = 0;
  std::uint32_t first_attempt = 0;
  std::uint32_t error = none;       ///< position in HostSamples::texts
  std::uint32_t first_line = none;  ///< the same: what the server said it is
  std::uint32_t local = none;       ///< position in HostSamples::locals; this to segment_size: of
                                    ///< the connection, when it stood
  std::uint32_t congestion = none;  ///< position in HostSamples::texts
  ShortMoment round_trip = absent;
  std::uint16_t local_port = 0;
  std::uint16_t segment_size = 0;  ///< 0: not told
  std::uint8_t retransmits = 0;    ///< of the SYN; 255 for more
  std::uint16_t queries = 0;
  std::uint16_t attempts = 0;
  std::uint16_t winner = no_winner;  ///< position among this sample's attempts
  SampleOutcome outcome{};

  /// When the dial ended, from its own beginning: what its queries and attempts count from, too.
  Moment end() const { return total - (started - intended); }
};

struct TimeSpan {
  Moment start{};
  Moment end{};
  bool failed = false;  ///< nothing came of it
};

/// All samples of one mode, in the order they ended.
struct ModeSamples {
  std::string mode;
  std::string vantage{};  ///< of merged runs: where from; empty for a run of its own
  std::vector<Sample> samples{};
  std::vector<QuerySample> queries{};
  std::vector<AttemptSample> attempts{};

  std::span<const QuerySample> queries_of(const Sample& sample) const {
    return std::span(queries).subspan(sample.first_query, sample.queries);
  }
  std::span<const AttemptSample> attempts_of(const Sample& sample) const {
    return std::span(attempts).subspan(sample.first_attempt, sample.attempts);
  }

  /// Where the handshakes of a sample with proxies lie, since the dial began; empty without any.
  /// Those of several dials in a row are put together.
  std::optional<TimeSpan> handshakes_of(const Sample& sample) const;

  /// The mode for a person to read, with the vantage point if it has one.
  std::string label() const { return vantage.empty() ? mode : mode + " from " + vantage; }
};

struct HostSamples {
  std::string host;
  std::string port;
  std::vector<std::pair<std::string, std::string>> labels{};  ///< of the list of hosts
  std::vector<Endpoint> addresses{};
  std::vector<Endpoint> locals{};  ///< whence it was connected to, without ports
  std::vector<std::string> texts{};
  std::vector<ModeSamples> modes{};

  /// The address that a connected sample is connected to.
  std::optional<Endpoint> address_of(const ModeSamples& mode, const Sample& sample) const;

  /// What went wrong, in words; empty when nothing did.
  std::string_view error_of(const Sample& sample) const;

  /// The value of a label; empty without it.
  std::string_view label_of(std::string_view name) const;

  /// What the server said first; empty where that was not waited for.
  std::string_view first_line_of(const Sample& sample) const;
};

/// The parts of a dial that are told apart.
enum class Phase : std::uint8_t {
  total,
  dns_aaaa,  ///< from the question to its answer
  dns_a,
  connect,       ///< the winning attempt alone
  connect_ipv6,  ///< the same, where it was IPv6
  connect_ipv4,
  proxy,
  banner,
};

inline constexpr Phase phases[] = {Phase::total,
                                   Phase::dns_aaaa,
                                   Phase::dns_a,
                                   Phase::connect,
                                   Phase::connect_ipv6,
                                   Phase::connect_ipv4,
                                   Phase::proxy,
                                   Phase::banner};

/// Those that follow each other in one dial.
inline constexpr Phase steps[] = {
    Phase::dns_aaaa, Phase::dns_a, Phase::connect, Phase::proxy, Phase::banner};

/// "dns_aaaa", "connect_ipv6", ...
std::string_view to_string(Phase phase);

/// How long a phase of a sample took; empty where it has none. `total` and `proxy` are of connected
/// ones only.
std::optional<Moment> duration(const HostSamples& host,
                               const ModeSamples& mode,
                               const Sample& sample,
                               Phase phase);

/// Where and how the samples were taken.
struct BenchEnvironment {
  std::string version;
  std::string kernel;
  unsigned cpus = 0;
  std::string node;
  std::string command;
};

/// What of the command line a reader of the figures must know.
struct BenchTerms {
  bool until_banner = false;
  unsigned samples = 0;          ///< in each mode of each host; 0: as many as the time allowed
  unsigned concurrency = 0;      ///< dials at once, at most
  std::optional<double> rate{};  ///< dials a second, open loop
  Moment timeout{};
  Moment connection_attempt_delay{};
  Moment resolution_delay{};
};

/// How late this program itself was: latencies below this are its own.
struct LoopLag {
  Moment median{};
  Moment p90{};
};

/// A run that was merged into another.
struct BenchSource {
  std::string vantage;
  WallTime started{};
  Moment duration{};
  BenchEnvironment environment{};
  BenchTerms terms{};
  bool saturated = false;
  std::uint64_t never_begun = 0;
  bool interrupted = false;
};

struct BenchRun {
  WallTime started{};
  Moment duration{};
  BenchEnvironment environment{};
  BenchTerms terms{};
  LoopLag lag{};
  std::uint64_t never_begun = 0;       ///< dials of an open loop that were due, and left out
  std::string group_by{};              ///< the label whose values are shown as one each
  bool interrupted = false;            ///< by a signal: not all that was asked for is here
  std::vector<BenchSource> sources{};  ///< what was read from files, if anything was
  std::vector<HostSamples> hosts{};
};

/// When a dial of that mode began.
WallTime began(const BenchRun& run, const ModeSamples& mode, const Sample& sample);

}  // namespace gladhand
