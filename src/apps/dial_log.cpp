#include "apps/dial_log.hpp"

#include <syslog.h>

#include <utility>
#include <variant>

#include "base/duration.hpp"
#include "gladhand/endpoint.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

std::optional<SystemLog::Kind> system_log_of(const std::optional<std::string>& name) {
  if (name == "journal") return SystemLog::Kind::journal;
  if (name == "syslog") return SystemLog::Kind::syslog;
  return std::nullopt;
}

DialLog::DialLog(SystemLog::Kind kind, std::string host, std::string port)
    : log_(kind, "gladhand"), host_(std::move(host)), port_(std::move(port)) {}

void DialLog::see(const Event& event) {
  if (const auto* begin = std::get_if<Configured>(&event.body)) through_ = begin->through;
  if (const auto* passed = std::get_if<HandedOver>(&event.body)) succeed(passed->peer, "pass");
  if (const auto* relay = std::get_if<RelayStarted>(&event.body)) succeed(relay->peer, "relay");
}

void DialLog::succeed(const Endpoint& peer, std::string_view way) const {
  const std::string through = through_.empty() ? "" : " through " + through_;
  LogRecord success = record(LOG_INFO,
                             "connect to " + in_words(host_, port_) + through + ": connected to " +
                                 to_string(peer) + " in " +
                                 to_string(std::chrono::round<std::chrono::milliseconds>(spent())),
                             ExitStatus::handed_over);
  success.fields.emplace_back("GLADHAND_PEER", to_string(peer));
  success.fields.emplace_back("GLADHAND_HAND_OVER", way);
  log_.send(success);
}

void DialLog::fail(const Error& error) const {
  LogRecord failure = record(LOG_ERR, error.what(), error.status());
  if (!error.hint().empty()) failure.fields.emplace_back("GLADHAND_HINT", error.hint());
  log_.send(failure);
}

Moment DialLog::spent() const {
  return std::chrono::duration_cast<Moment>(std::chrono::steady_clock::now() - began_);
}

LogRecord DialLog::record(int priority, std::string message, ExitStatus status) const {
  LogRecord record{priority, std::move(message)};
  record.fields = {{"GLADHAND_HOST", printable(host_)},
                   {"GLADHAND_PORT", printable(port_)},
                   {"GLADHAND_STATUS", std::to_string(static_cast<int>(status))},
                   {"GLADHAND_DURATION_US", std::to_string(spent().count())}};
  if (!through_.empty()) record.fields.emplace_back("GLADHAND_THROUGH", through_);
  return record;
}

}  // namespace gladhand
