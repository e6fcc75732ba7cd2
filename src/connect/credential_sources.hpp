// Where the user and the password for a proxy come from: its URL, a file, the environment, or a
// program that asks the user. None of it is ever shown.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "proxy/proxy.hpp"

namespace gladhand {

class CredentialSources {
 public:
  /// What the user is being asked; a timer that is canceled at the end of that.
  using Questions = std::map<std::string, std::shared_ptr<asio::steady_timer>>;

  /// Reads `auth_file` unless its name is empty. Throws UsageError when it cannot be read or others
  /// may read it.
  explicit CredentialSources(const std::string& auth_file);

  /// Whether find() could bring any: nobody is asked.
  bool can_find(const Proxy& proxy) const;

  /// The first of: the proxy's URL, where it has both; the file; GLADHAND_PROXY_USER and
  /// GLADHAND_PROXY_PASSWORD; the user of the URL or of the environment with the password that
  /// $SSH_ASKPASS brings, run as ssh(1) runs it. Empty when there are none, or when `deadline`
  /// comes while the user is asked. The user is asked once for a proxy: the answer is kept, and a
  /// refusal to give one, too.
  asio::awaitable<std::optional<Credentials>> find(asio::io_context& loop,
                                                   Proxy proxy,
                                                   std::chrono::steady_clock::time_point deadline);

 private:
  std::string file_;
  std::map<std::string, std::optional<std::string>> passwords_;  // of the user's, by the prompt
  Questions asking_;
};

}  // namespace gladhand
