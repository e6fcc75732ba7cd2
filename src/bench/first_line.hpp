// Waits for the first line that a server sends: an SSH server's identification [RFC 4253 §4.2]. The
// lines that one may send before it are no sshd's.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>

#include "samples/sample_builder.hpp"

namespace gladhand {

/// Reads from the connected socket `fd`, which stays the caller's, until a line is complete, the
/// server closes, or `until`. `start` is what BannerResult::at counts from. A line that a close
/// cuts off counts as closed, its text is kept.
asio::awaitable<BannerResult> read_first_line(asio::io_context& loop,
                                              int fd,
                                              std::chrono::steady_clock::time_point start,
                                              std::chrono::steady_clock::time_point until);

}  // namespace gladhand
