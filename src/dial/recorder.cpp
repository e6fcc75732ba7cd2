#include "dial/recorder.hpp"

#include <algorithm>
#include <utility>

namespace gladhand {

void Recorder::begin() {
  began_ = Clock::now();
  open_ = true;
  running_.clear();
}

void Recorder::continue_from(const Recorder& other) {
  begin();
  began_ = other.began_;
}

void Recorder::record(Event::Body body) {
  if (sink_) record(Event{now(), std::move(body)});
}

void Recorder::record(const Event& event) {
  if (!sink_) return;
  keep(event.body);
  sink_(event);
}

void Recorder::keep(const Event::Body& body) {
  if (const auto* started = std::get_if<StartAttempt>(&body)) running_.push_back(started->attempt);
  if (const auto* ended = std::get_if<Connected>(&body)) std::erase(running_, ended->attempt);
  if (const auto* ended = std::get_if<AttemptFailed>(&body)) std::erase(running_, ended->attempt);
  if (const auto* ended = std::get_if<CancelAttempt>(&body)) std::erase(running_, ended->attempt);
}

void Recorder::end(std::optional<DialFailure> failure) {
  if (!std::exchange(open_, false) || !sink_) return;
  const Moment at = now();
  for (const AttemptId attempt : running_)
    sink_({at, CancelAttempt{attempt, CancelReason::abandoned}});
  running_.clear();
  sink_({at, DialEnded{std::move(failure)}});
}

}  // namespace gladhand
