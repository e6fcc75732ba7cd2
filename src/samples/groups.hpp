// Hosts that have a label's value in common, as one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "samples/summary.hpp"

namespace gladhand {

/// All dials of the hosts with one value in one mode, pooled. Times are microseconds.
struct HostGroup {
  std::string value;  ///< empty: hosts without the label
  std::string mode;   ///< as ModeSamples::label() has it
  std::size_t hosts = 0;
  std::size_t count = 0;
  std::size_t failures = 0;
  std::vector<double> sorted{};
};

/// By value, then in the order of the modes. Empty where no host has the label.
std::vector<HostGroup> groups_of(const BenchRun& run,
                             std::span<const std::vector<Summary>> summaries,
                             std::string_view label);

}  // namespace gladhand
