#include "sys/system_log.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "gladhand/error.hpp"

namespace gladhand {

namespace {

const char* path_of(SystemLog::Kind kind) {
  return kind == SystemLog::Kind::journal ? "/run/systemd/journal/socket" : "/dev/log";
}

UniqueFd connect_to(std::string_view path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return {};
  return fd;
}

void add(std::string& text, std::string_view name, const std::string& value) {
  text += std::string(name) + '=' + value + '\n';
}

// A line end would begin another field, or another record.
std::string in_one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

}  // namespace

SystemLog::SystemLog(Kind kind, std::string identifier)
    : kind_(kind), identifier_(std::move(identifier)), socket_(connect_to(path_of(kind))) {
  if (socket_) return;
  why_not_ = std::string("nobody takes records at ") + path_of(kind) + ": " + system_words(errno);
}

void SystemLog::send(const LogRecord& record) const {
  if (!socket_) return;
  const std::string text = kind_ == Kind::journal ? journal_text(record) : syslog_text(record);
  while (::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
         errno == EINTR) {
  }
}

// [systemd, JOURNAL_NATIVE_PROTOCOL]
std::string SystemLog::journal_text(const LogRecord& record) const {
  std::string text;
  add(text, "MESSAGE", in_one_line(record.message));
  add(text, "PRIORITY", std::to_string(record.priority));
  add(text, "SYSLOG_FACILITY", std::to_string(LOG_FAC(LOG_USER)));
  add(text, "SYSLOG_IDENTIFIER", identifier_);
  for (const auto& [name, value] : record.fields) add(text, name, in_one_line(value));
  return text;
}

// As the C library writes it: "<14>Nov 29 13:00:00 gladhand[123]: ...".
std::string SystemLog::syslog_text(const LogRecord& record) const {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%h %e %T ", &local);
  return '<' + std::to_string(LOG_USER | record.priority) + '>' + time.data() + identifier_ + '[' +
         std::to_string(::getpid()) + "]: " + in_one_line(record.message);
}

}  // namespace gladhand
