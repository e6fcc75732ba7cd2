#include "observers.hpp"

#include <unistd.h>

#include "io/file.hpp"

namespace gladhand {

Observers::Observers(const Settings& settings)
    : verbose_(settings.verbose && !settings.quiet), explain_(settings.explain) {
  if (settings.log_file) log_ = open_for_append(*settings.log_file, "--log");
  if (settings.trace_file) trace_ = open_for_append(*settings.trace_file, "--trace");
}

EventSink Observers::sink() {
  if (!verbose_ && !explain_ && !log_ && !trace_) return {};
  return [this](const Event& event) { see(event); };
}

void Observers::see(const Event& event) {
  if (explain_) events_.push_back(event);
  if (trace_) write(trace_.get(), formatter_.lines(event));
  if (!verbose_ && !log_) return;
  const std::string text = narrator_.line(event);
  if (text.empty()) return;
  const std::string line = "gladhand: " + text + '\n';
  if (verbose_) write(STDERR_FILENO, line);
  if (log_) write(log_.get(), line);
}

void Observers::write(int fd, const std::string& text) const {
  if (waits_ || is_writable(fd)) write_all(fd, text);
}

void Observers::log(const std::string& line) {
  if (log_) write_all(log_.get(), line);
}

}  // namespace gladhand
