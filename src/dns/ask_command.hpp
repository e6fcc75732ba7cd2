// --resolve-with: a program of the user's that knows addresses.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dns/found.hpp"
#include "gladhand/target.hpp"
#include "sys/command.hpp"

namespace gladhand {

/// Runs `words` without a shell, with GLADHAND_HOST, GLADHAND_PORT and GLADHAND_FAMILY ("4", "6" or
/// "any") in its environment, and calls `use` with every address of `families` that it writes, as
/// it comes. Completes at its end, with why there were none or not all. It is ended with
/// `programs`, or when `deadline` comes.
asio::awaitable<Found> ask_command(asio::io_context& loop,
                                   std::shared_ptr<CommandGroup> programs,
                                   std::vector<std::string> words,
                                   Target target,
                                   std::vector<Family> families,
                                   std::chrono::steady_clock::time_point deadline,
                                   std::function<void(const Endpoint&)> use);

}  // namespace gladhand
