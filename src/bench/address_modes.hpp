// The modes of --compare each: which addresses a host has, asked for without connecting to it.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <vector>

#include "dial/dial.hpp"
#include "samples/bench_mode.hpp"

namespace gladhand {

/// A mode for each address that a dial of `target` could try, family by family; none where the name
/// has no address by `deadline`, and for what is no name or address.
asio::awaitable<std::vector<BenchMode>> find_address_modes(
    asio::io_context& loop,
    Target target,
    DialOptions options,
    std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
