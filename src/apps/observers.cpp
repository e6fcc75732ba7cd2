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
      watches_hook_(!settings.retry.on_slow.empty()),
      log_(settings.log_file, "--log"),
      trace_(settings.trace_file, "--trace") {}

EventSink Observers::sink() {
  if (!verbose_ && !explain_ && !log_ && !trace_ && !watches_hook_) return {};
  return [this](const Event& event) { see(event); };
}

void Observers::see(const Event& event) {
  if (explain_) events_.push_back(event);
  if (trace_) write(trace_.fd(), formatter_.lines(event));
  // The dial may still succeed, but what was asked for has not happened.
  const auto* slow = std::get_if<FoundSlow>(&event.body);
  const bool unasked = slow != nullptr && !slow->failure.empty();
  if (!verbose_ && !log_ && !unasked) return;
  const std::string text = narrator_.line(event);
  if (text.empty()) return;
  const std::string line = "gladhand: " + text + '\n';
  if (verbose_ || unasked) write(STDERR_FILENO, line);
  if (log_ && !(verbose_ && log_.is_stderr())) write(log_.fd(), line);
}

void Observers::write(int fd, const std::string& text) {
  const Clock::time_point start = Clock::now();
  write_in_time(fd, text, patience_);
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  patience_ = std::max(patience_ - waited, patience_.zero());
}

void Observers::log(const std::string& line) {
  if (log_ && !log_.is_stderr()) write(log_.fd(), line);
}

}  // namespace gladhand
