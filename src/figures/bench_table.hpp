// The table of a run for a person: a row for each mode of each host.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/waterfall.hpp"
#include "samples/summary.hpp"

namespace gladhand {

/// `summaries` by host, then by mode. Names are shortened where the terminal is narrow.
std::string draw_table(const BenchRun& run,
                       std::span<const std::vector<Summary>> summaries,
                       const Canvas& canvas);

/// A row for each value of BenchRun::group_by; empty where no host has that label.
std::string draw_groups(const BenchRun& run,
                        std::span<const std::vector<Summary>> summaries,
                        const Canvas& canvas);

/// A host for a person to read: with its port unless that is 22.
std::string name_of(const HostSamples& host);

/// What a dial to `host` consists of, at the median of each mode, a line a mode; empty where there
/// is but one phase.
std::string draw_phases(const HostSamples& host,
                        std::span<const Summary> summaries,
                        const Canvas& canvas);

}  // namespace gladhand
