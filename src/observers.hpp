// Observers: where the events of a dial go, as the command line asks: -v, --log, --trace,
// --explain.
#pragma once

#include <string>
#include <vector>

#include "gladhand/error.hpp"
#include "io/unique_fd.hpp"
#include "options.hpp"
#include "report/narrator.hpp"
#include "report/trace.hpp"

namespace gladhand {

class Observers {
 public:
  /// Opens the files. Throws UsageError when one cannot be.
  explicit Observers(const Settings& settings);

  Observers(const Observers&) = delete;
  Observers& operator=(const Observers&) = delete;

  /// A sink that writes each event at once; empty when nobody looks. Must not outlive this.
  EventSink sink();

  /// From now on nobody waits for a slow reader: what it does not take at once is dropped. ssh
  /// waits for this process once it has the connection.
  void stop_waiting() { waits_ = false; }

  /// One line for the log file.
  void log(const std::string& line);

  /// All events, kept for --explain only.
  const std::vector<Event>& events() const { return events_; }

 private:
  void see(const Event& event);
  void write(int fd, const std::string& text) const;

  bool verbose_;
  bool explain_;
  bool waits_ = true;
  UniqueFd log_;
  UniqueFd trace_;
  Narrator narrator_;
  Trace formatter_;
  std::vector<Event> events_;
};

}  // namespace gladhand
