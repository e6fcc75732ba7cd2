// Observers: where the events of a dial go, as the command line asks: -v, --log, --trace,
// --explain.
#pragma once

#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/dial_log.hpp"
#include "apps/options.hpp"
#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "report/narrator.hpp"
#include "report/trace.hpp"

namespace gladhand {

class Observers {
 public:
  /// Opens the files. Throws UsageError when one cannot be. That there is no system log is told on
  /// stderr: the dial does not need one.
  explicit Observers(const Settings& settings);

  Observers(const Observers&) = delete;
  Observers& operator=(const Observers&) = delete;

  /// A sink that writes each event at once; empty when nobody looks. Must not outlive this.
  EventSink sink();

  /// Which rules hold and what they set, as Settings::explanation has it: what does not hold is
  /// left out. To be told before the dial.
  void tell_rules(std::string_view explanation);

  /// From now on no reader of these files is waited for: what one does not take at once is dropped.
  /// ssh has its connection, and waits for the end of this process. Until this call slow readers
  /// are waited for, a tenth of a second in all: more would keep the connection from ssh.
  void stop_waiting() { patience_ = {}; }

  /// An error, for the log: stderr gets it anyway.
  void log(const Error& error);

  /// All events, kept for --explain only.
  const std::vector<Event>& events() const { return events_; }

 private:
  using Clock = std::chrono::steady_clock;

  // '-' is stderr, whatever becomes of that.
  class Destination {
   public:
    Destination(const std::optional<std::string>& path, std::string_view option);
    explicit operator bool() const { return fd() >= 0; }
    bool is_stderr() const { return is_stderr_; }
    int fd() const { return is_stderr_ ? STDERR_FILENO : file_.get(); }

   private:
    bool is_stderr_;
    UniqueFd file_;
  };

  void see(const Event& event);
  void write(int fd, const std::string& text);

  bool verbose_;
  bool quiet_;
  bool explain_;
  bool watches_hook_;  // --on-slow
  std::chrono::milliseconds patience_{100};
  std::optional<DialLog> system_log_;
  Destination log_;
  Destination trace_;
  Narrator narrator_;
  Trace formatter_;
  std::vector<Event> events_;
};

}  // namespace gladhand
