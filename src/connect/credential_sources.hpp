// Where the user and the password for a proxy come from: its URL, a file, the environment, or a
// program that asks the user. None of it is ever shown.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "proxy/proxy.hpp"

namespace gladhand {

/// Whether the user and the password of the environment are meant for a proxy.
enum class EnvironmentLogin : std::uint8_t { for_it, for_another };

/// Takes GLADHAND_PROXY_USER and GLADHAND_PROXY_PASSWORD out of the environment, for all
/// CredentialSources: no program that is run later inherits them. To be called before any is.
void take_environment_login();

/// Wipes what take_environment_login() has taken.
void forget_environment_login();

class CredentialSources {
 public:
  /// What the user is being asked; a timer that is canceled at the end of that.
  using Questions = std::map<std::string, std::shared_ptr<asio::steady_timer>>;

  /// Reads `auth_file` unless its name is empty. Throws UsageError when it cannot be read or others
  /// may read it.
  explicit CredentialSources(const std::string& auth_file);

  CredentialSources(const CredentialSources&) = delete;
  CredentialSources& operator=(const CredentialSources&) = delete;

  /// Wipes all that it knows.
  ~CredentialSources();

  /// What find() would bring at once: nobody is asked, or has been asked already.
  std::optional<Credentials> known(const Proxy& proxy, EnvironmentLogin environment) const;

  /// The first of: the proxy's URL, where it has both; the file; the environment, if it is for this
  /// proxy; the user of the URL or of the environment with the password that $SSH_ASKPASS brings,
  /// run as ssh(1) runs it. Empty when there are none, or when `deadline`
  /// comes while the user is asked. The user is asked once for a proxy: the answer is kept, and a
  /// refusal to give one, too. What it brings counts as told. Fails where that program cannot be
  /// started.
  asio::awaitable<Result<std::optional<Credentials>>> find(
      asio::io_context& loop,
      Proxy proxy,
      EnvironmentLogin environment,
      std::chrono::steady_clock::time_point deadline);

  /// Whether the environment has a password, for whatever proxy.
  bool has_environment_password() const;

  /// Whether anybody has been told who the user is: what they say may hold it from then on.
  bool told() const { return told_; }

  /// Somebody who needed no find() has told them.
  void mark_as_told() { told_ = true; }

 private:
  Credentials tell(Credentials credentials);

  std::string file_;
  std::map<std::string, std::optional<std::string>> passwords_;  // of the user's, by the prompt
  Questions asking_;
  bool told_ = false;
};

}  // namespace gladhand
