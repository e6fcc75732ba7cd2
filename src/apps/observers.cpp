#include "apps/observers.hpp"

#include <algorithm>

#include "report/json_line.hpp"
#include "sys/file.hpp"

namespace gladhand {

Observers::Destination::Destination(const std::optional<std::string>& path, std::string_view option)
    : is_stderr_(path == "-") {
  if (path && !is_stderr_) file_ = open_for_append(*path, option);
}

namespace {

std::optional<std::string> log_file_of(const Settings& settings) {
  return system_log_of(settings.log_file) ? std::nullopt : settings.log_file;
}

}  // namespace

Observers::Observers(const Settings& settings)
    : verbose_(settings.verbose && !settings.quiet),
      quiet_(settings.quiet),
      explain_(settings.explain),
      watches_hook_(!settings.retry.on_slow.empty()),
      log_(log_file_of(settings), "--log"),
      trace_(settings.trace_file, "--trace") {
  const auto kind = system_log_of(settings.log_file);
  if (kind) system_log_.emplace(*kind, settings.host, settings.port);
}

EventSink Observers::sink() {
  if (!verbose_ && !explain_ && !log_ && !system_log_ && !trace_ && !watches_hook_) return {};
  return [this](const Event& event) { see(event); };
}

void Observers::tell_rules(std::string_view explanation) {
  while (!explanation.empty()) {
    const std::string line(explanation.substr(0, explanation.find('\n')));
    explanation.remove_prefix(std::min(line.size() + 1, explanation.size()));
    if (line.find(" does not hold: ") != line.npos) continue;
    if (trace_)
      write(trace_.fd(),
            JsonLine().add("t_us", 0).add("event", "rule_applied").add("decision", line).line());
    if (verbose_) write(STDERR_FILENO, "gladhand: " + line + '\n');
    if (log_ && !(verbose_ && log_.is_stderr())) write(log_.fd(), "gladhand: " + line + '\n');
  }
}

void Observers::see(const Event& event) {
  if (explain_) events_.push_back(event);
  if (system_log_) {
    system_log_->see(event);
    const bool begins = std::holds_alternative<Configured>(event.body);
    if (begins && !quiet_ && !system_log_->why_not().empty())
      write(STDERR_FILENO, "gladhand: --log: " + system_log_->why_not() + '\n');
  }
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

void Observers::log(const Error& error) {
  if (log_ && !log_.is_stderr()) write(log_.fd(), error_lines("gladhand", error, quiet_));
  if (system_log_) system_log_->fail(error);
}

}  // namespace gladhand
