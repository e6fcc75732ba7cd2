#include "apps/observers.hpp"

#include <algorithm>

#include "sys/file.hpp"

namespace gladhand {

Observers::Destination::Destination(const std::optional<std::string>& path, std::string_view option)
    : is_stderr_(path == "-") {
  if (path && !is_stderr_) file_ = open_for_append(*path, option);
}

Observers::Observers(const Settings& settings)
    : verbose_(settings.verbose && !settings.quiet),
      explain_(settings.explain),
      log_(settings.log_file, "--log"),
      trace_(settings.trace_file, "--trace") {}

EventSink Observers::sink() {
  if (!verbose_ && !explain_ && !log_ && !trace_) return {};
  return [this](const Event& event) { see(event); };
}

void Observers::see(const Event& event) {
  if (std::holds_alternative<Configured>(event.body)) dial_began_ = Clock::now() - event.at;
  if (std::holds_alternative<DialEnded>(event.body)) dial_began_.reset();
  if (explain_) events_.push_back(event);
  if (trace_) write(trace_.fd(), formatter_.lines(event));
  if (!verbose_ && !log_) return;
  const std::string text = narrator_.line(event);
  if (text.empty()) return;
  const std::string line = "gladhand: " + text + '\n';
  if (verbose_) write(STDERR_FILENO, line);
  if (log_) write(log_.fd(), line);
}

void Observers::cut_short() {
  if (!trace_ || !dial_began_) return;
  const auto now = std::chrono::duration_cast<Moment>(Clock::now() - *dial_began_);
  write(trace_.fd(), formatter_.last_lines(now));
}

void Observers::write(int fd, const std::string& text) {
  const Clock::time_point start = Clock::now();
  if (is_writable(fd, patience_)) write_all(fd, text);
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  patience_ = std::max(patience_ - waited, patience_.zero());
}

void Observers::log(const std::string& line) {
  if (log_) write(log_.fd(), line);
}

}  // namespace gladhand
