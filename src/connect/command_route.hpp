// A connection that a program of the user's makes: "ssh -W host:port bastion".
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "connect/proxy_chain.hpp"

namespace gladhand {

/// Runs `words`, without a shell, with one end of a socket pair as its standard input and output;
/// the other is the connection, once a whole line of the server's, or what
/// `options->attempt.until` asks for, can be seen on it. Nothing is taken from it, and the program
/// stays. One that ends or says nothing by `deadline` has failed, and is ended; and none is run for
/// a target whose own command has started this process.
asio::awaitable<DialResult> run_command_route(Target target,
                                              std::vector<std::string> words,
                                              std::shared_ptr<const DialOptions> options,
                                              std::chrono::steady_clock::time_point deadline,
                                              Recorder& recorder);

}  // namespace gladhand
