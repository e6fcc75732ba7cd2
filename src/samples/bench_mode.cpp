#include "samples/bench_mode.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "race/race.hpp"

namespace gladhand {

namespace {

BenchMode parse_mode(std::string_view word) {
  using enum BenchMode::Kind;
  constexpr std::string_view delay_prefix = "delay=";
  BenchMode mode;
  mode.name = word;
  if (word == "race") return mode;
  if (word == "v4" || word == "v6") {
    mode.kind = family;
    mode.family = word == "v4" ? Family::ipv4 : Family::ipv6;
    return mode;
  }
  if (word == "each" || word == "sequential") {
    mode.kind = word == "each" ? each : sequential;
    return mode;
  }
  if (word == "no-backup") {
    mode.kind = no_backup;
    return mode;
  }
  const auto duration = word.starts_with(delay_prefix)
                            ? parse_duration(word.substr(delay_prefix.size()))
                            : std::nullopt;
  if (!duration)
    throw UsageError("--compare: " + in_quotes(word) +
                     " is none of race, v4, v6, each, sequential, no-backup and delay=DURATION");
  mode.kind = delay;
  mode.delay = *duration;
  if (mode.delay < min_connection_attempt_delay || mode.delay > max_connection_attempt_delay)
    throw UsageError("--compare: " + in_quotes(word) + " is not from " +
                     to_string(min_connection_attempt_delay) + " to " +
                     to_string(max_connection_attempt_delay));
  return mode;
}

}  // namespace

std::vector<BenchMode> parse_modes(std::string_view text) {
  std::vector<BenchMode> modes;
  for (;;) {
    const std::string_view word = text.substr(0, text.find(','));
    BenchMode mode = parse_mode(word);
    if (std::ranges::find(modes, mode.name, &BenchMode::name) != modes.end())
      throw UsageError("--compare: " + in_quotes(word) + " is there twice");
    modes.push_back(std::move(mode));
    if (word.size() == text.size()) return modes;
    text.remove_prefix(word.size() + 1);
  }
}

BenchMode address_mode(const Endpoint& endpoint) {
  BenchMode mode;
  mode.name = to_string(endpoint);
  mode.kind = BenchMode::Kind::address;
  mode.address = endpoint;
  return mode;
}

}  // namespace gladhand
