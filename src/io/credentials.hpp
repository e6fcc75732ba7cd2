// Where the user and the password for a proxy come from: its URL, a file, the environment, or a
// program that asks the user. None of it is ever shown.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "gladhand/proxy.hpp"

namespace gladhand {

class CredentialSources {
 public:
  /// Reads `auth_file` unless its name is empty. Throws UsageError when it cannot be read or others
  /// may read it.
  CredentialSources(asio::io_context& loop, const std::string& auth_file);

  /// The first of: the proxy's URL, where it has both; the file; GLADHAND_PROXY_USER and
  /// GLADHAND_PROXY_PASSWORD; the user of the URL or of the environment with the password that
  /// $SSH_ASKPASS brings, run as ssh(1) runs it. Empty when there are none, or when `deadline`
  /// comes while the user is asked.
  asio::awaitable<std::optional<Credentials>> find(const Proxy& proxy,
                                                   std::chrono::steady_clock::time_point deadline);

 private:
  asio::awaitable<std::optional<std::string>> ask_user(
      const std::string& prompt, std::chrono::steady_clock::time_point deadline);

  asio::io_context& loop_;
  std::string file_;
};

}  // namespace gladhand
