// DialLog: one record a dial in the system's log, for whoever throws our stderr away.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "gladhand/error.hpp"
#include "gladhand/event.hpp"
#include "sys/system_log.hpp"

namespace gladhand {

/// Which log "--log NAME" means; empty: a file.
std::optional<SystemLog::Kind> system_log_of(const std::optional<std::string>& name);

class DialLog {
 public:
  /// `host` and `port` are as the command line has them.
  DialLog(SystemLog::Kind kind, std::string host, std::string port);

  /// Why there will be no record; empty where there will.
  const std::string& why_not() const { return log_.why_not(); }

  /// Sends the record of a connection that has been put to use.
  void see(const Event& event);

  /// Sends the record of what has failed.
  void fail(const Error& error) const;

 private:
  void succeed(const Endpoint& peer, std::string_view way) const;
  Moment spent() const;
  LogRecord record(int priority, std::string message, ExitStatus status) const;

  SystemLog log_;
  std::string host_;
  std::string port_;
  std::string through_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace gladhand
