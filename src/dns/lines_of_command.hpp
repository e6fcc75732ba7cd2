// The output of a program, line by line, as it comes.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sys/process.hpp"

namespace gladhand {

/// Runs `words`, and calls `use` with every line that it writes, at most `most_output` octets in
/// all. Returns its wait status; empty when `deadline` came first. It is ended then, and when this
/// is. Fails when it cannot be started or writes too much.
asio::awaitable<Result<std::optional<int>>> read_lines_of(
    asio::io_context& loop,
    std::vector<std::string> words,
    Environment environment,
    std::chrono::steady_clock::time_point deadline,
    std::function<void(std::string_view)> use);

inline constexpr std::size_t most_output = 1U << 20U;

}  // namespace gladhand
