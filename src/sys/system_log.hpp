// The system's log: the journal by its native protocol, or syslog. Neither takes a library, and
// nothing waits for the daemon: it may not be there at all.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"

namespace gladhand {

/// A record: one line for people, and fields for the journal alone.
struct LogRecord {
  int priority = 0;  ///< LOG_ERR, ... [syslog(3)]
  std::string message;
  std::vector<std::pair<std::string, std::string>> fields{};  ///< names of A-Z, '_' and digits
};

class SystemLog {
 public:
  enum class Kind { journal, syslog };

  /// `identifier` is what the log calls this program. Opens its socket; see why_not().
  SystemLog(Kind kind, std::string identifier);

  /// Why there is nobody to tell, as a sentence; empty where there is somebody.
  const std::string& why_not() const { return why_not_; }

  /// Sends the record, if it is taken at once. Nothing comes of one that is not.
  void send(const LogRecord& record) const;

 private:
  std::string journal_text(const LogRecord& record) const;
  std::string syslog_text(const LogRecord& record) const;

  Kind kind_;
  std::string identifier_;
  UniqueFd socket_;
  std::string why_not_;
};

}  // namespace gladhand
