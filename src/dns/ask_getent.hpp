// The C library's resolver, with modules that a static program cannot load: in a process of its
// own.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "dns/found.hpp"
#include "sys/command.hpp"

namespace gladhand {

/// Runs getent(1) for the addresses of one family, endpoints with `port`. `modules` are words as in
/// a `hosts:` line of nsswitch.conf(5); empty: those of that line. getent is ended with `programs`,
/// or when `deadline` comes.
asio::awaitable<Found> ask_getent(asio::io_context& loop,
                                  std::shared_ptr<CommandGroup> programs,
                                  std::string modules,
                                  std::string name,
                                  Family family,
                                  std::uint16_t port,
                                  std::chrono::steady_clock::time_point deadline);

}  // namespace gladhand
