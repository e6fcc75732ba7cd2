// What a mode of the benchmark makes of a dial.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "connect/proxy_chain.hpp"
#include "samples/bench_mode.hpp"

namespace gladhand {

/// The options of a dial in `mode`: `usual` itself where the mode makes no difference.
std::shared_ptr<const ConnectOptions> options_for_mode(
    const std::shared_ptr<const ConnectOptions>& usual, const BenchMode& mode);

/// `usual` with the source of each family that it is the turn of.
std::shared_ptr<const ConnectOptions> options_for_turn(
    const std::shared_ptr<const ConnectOptions>& usual,
    const std::vector<Endpoint>& sources,
    std::uint64_t turn);

/// What is dialled in `mode`: the target, or one address of it.
Target target_for_mode(Target target, const BenchMode& mode);

}  // namespace gladhand
