// The output of a program, line by line, as it comes.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sys/command.hpp"

namespace gladhand {

/// Runs `words`, and calls `use` with every line that it writes, at most `most_output` octets in
/// all. Returns its wait status; empty when `deadline` came first. It is ended then, and with
/// `programs`. Fails when it cannot be started or writes too much.
asio::awaitable<Result<std::optional<int>>> read_lines_of(
    asio::io_context& loop,
    std::shared_ptr<CommandGroup> programs,
    std::vector<std::string> words,
    Environment environment,
    std::chrono::steady_clock::time_point deadline,
    std::function<void(std::string_view)> use);

inline constexpr std::size_t most_output = 1U << 20U;

}  // namespace gladhand
