// What the sentences about one host are made from, and who makes them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "samples/summary.hpp"

namespace gladhand {

using Sentences = std::vector<std::string>;

struct Findings {
  const HostSamples& host;
  std::span<const Summary> summaries;  ///< by mode

  /// The position of a mode that connected at all.
  std::optional<std::size_t> find(std::string_view mode) const {
    for (std::size_t i = 0; i < host.modes.size(); ++i)
      if (host.modes[i].mode == mode && summaries[i].any_connected()) return i;
    return std::nullopt;
  }
};

/// "3 of 8".
std::string of(std::size_t part, std::size_t all);

/// How many samples of each two modes connected: "8", or "8 and 7".
std::string counts(const Summary& first, const Summary& second);

/// A difference, such as "-1.20 ms".
std::string signed_words(double microseconds);

/// Who wins, and what the race costs or saves.
void tell_of_race(const Findings& findings, Sentences& told);

/// Which family is broken or slow, and whose answers come late.
void tell_of_families(const Findings& findings, Sentences& told);

/// The families none of whose attempts connected, while the other's did.
std::vector<Family> broken_families(const HostSamples& host);

/// What failed, and what stands out in the times of the rest.
void tell_of_samples(const Findings& findings, Sentences& told);

/// How many dials this program was late in.
void tell_busy(const BenchRun& run, Sentences& told);

/// What this machine had too little of.
void tell_of_own_limits(const BenchRun& run, Sentences& told);

}  // namespace gladhand
