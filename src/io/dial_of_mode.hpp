// What a mode of the benchmark makes of a dial.
#pragma once

#include <cstdint>
#include <vector>

#include "dial.hpp"
#include "gladhand/bench_mode.hpp"

namespace gladhand {

/// The source of each family that it is the turn of.
std::vector<Endpoint> sources_of_turn(const std::vector<Endpoint>& sources, std::uint64_t turn);

/// The options of a dial in `mode`.
DialOptions shape(DialOptions options, const BenchMode& mode);

/// What is dialled in `mode`: the target, or one address of it.
Target aim(Target target, const BenchMode& mode);

}  // namespace gladhand
