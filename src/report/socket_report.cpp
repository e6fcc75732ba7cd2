#include "report/socket_report.hpp"

#include <sys/wait.h>

#include <string_view>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "report/json_line.hpp"

namespace gladhand {

namespace {

std::string text_line(std::string_view label, const std::string& text) {
  std::string line(label);
  line.resize(10, ' ');
  return line + text + '\n';
}

std::string kind_text(const SocketFacts& facts) {
  std::string text = family_text(facts.family) + ' ' + type_text(facts.type);
  const std::string protocol = protocol_text(facts.protocol);
  if (!protocol.empty()) text += ", " + protocol;
  return text + ", " + std::string(to_string(facts.state));
}

std::string options_text(const SocketFacts& facts) {
  std::string text = facts.blocking ? "blocking" : "non-blocking";
  text += facts.keepalive ? ", keepalive" : ", no keepalive";
  if (facts.nodelay) text += *facts.nodelay ? ", nodelay" : ", no nodelay";
  if (facts.delayed_ack) text += ", delayed ack " + to_string(*facts.delayed_ack);
  if (facts.mark != 0) text += ", mark " + std::to_string(facts.mark);
  if (facts.dscp != 0) text += ", dscp " + std::to_string(facts.dscp);
  if (!facts.device.empty()) text += ", device " + printable(facts.device);
  if (facts.receive_timeout.count() != 0)
    text += ", receive timeout " + to_string(facts.receive_timeout);
  if (facts.send_timeout.count() != 0) text += ", send timeout " + to_string(facts.send_timeout);
  return text;
}

// Adds the address of one end under two keys; a Unix socket's path has no second.
void add_end(JsonLine& line, const std::string& end, const Endpoint& endpoint) {
  std::string address = "null";
  std::string port = "null";
  const std::string path = unix_path(endpoint);
  if (endpoint.family()) {
    address = json_string(to_string(endpoint));
    port = std::to_string(endpoint.port());
  } else if (const auto vsock = vsock_address(endpoint)) {
    address = json_string("vsock:" + std::to_string(vsock->cid));
    port = std::to_string(vsock->port);
  } else if (!path.empty()) {
    address = json_string(path);
  }
  line.raw(end + "_address", address).raw(end + "_port", port);
}

template <typename Number>
std::string number_or_null(Number number) {
  return number == 0 ? "null" : std::to_string(number);
}

std::string text_or_null(const std::string& text) {
  return text.empty() ? "null" : json_string(text);
}

std::string flag_or_null(std::optional<bool> flag) {
  if (!flag) return "null";
  return *flag ? "true" : "false";
}

}  // namespace

std::string socket_text(const SocketFacts& facts, const std::string& command_end) {
  std::string text = text_line("socket", kind_text(facts));
  text += text_line("local", address_text(facts.local));
  if (facts.peer) text += text_line("peer", address_text(*facts.peer));
  text += text_line("options", options_text(facts));
  if (facts.waiting)
    text += text_line("waiting", std::to_string(*facts.waiting) + " bytes to read");
  return text + text_line("command", command_end);
}

std::string socket_json(const SocketFacts& facts, int wait_status) {
  JsonLine line;
  line.add("family", family_text(facts.family))
      .add("type", type_text(facts.type))
      .raw("protocol", text_or_null(protocol_text(facts.protocol)))
      .add("state", to_string(facts.state));
  add_end(line, "local", facts.local);
  add_end(line, "peer", facts.peer.value_or(Endpoint()));
  line.add("blocking", facts.blocking)
      .add("keepalive", facts.keepalive)
      .raw("nodelay", flag_or_null(facts.nodelay))
      .raw("delayed_ack_us",
           facts.delayed_ack ? std::to_string(facts.delayed_ack->count()) : "null")
      .raw("waiting_bytes", facts.waiting ? std::to_string(*facts.waiting) : "null")
      .raw("mark", number_or_null(facts.mark))
      .raw("dscp", number_or_null(facts.dscp))
      .raw("device", text_or_null(facts.device))
      .raw("receive_timeout_us", number_or_null(facts.receive_timeout.count()))
      .raw("send_timeout_us", number_or_null(facts.send_timeout.count()));
  const bool exited = WIFEXITED(wait_status);
  line.raw("command_status", exited ? std::to_string(WEXITSTATUS(wait_status)) : "null")
      .raw("command_signal", exited ? "null" : std::to_string(WTERMSIG(wait_status)));
  return line.line();
}

}  // namespace gladhand
