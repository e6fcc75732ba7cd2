// Recorder: the record of a dial. The one place that knows when a dial began: it stamps what
// happens in it, and sees to it that every attempt that was started has an end, and every dial one.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

class Recorder {
 public:
  using Clock = std::chrono::steady_clock;

  /// An empty sink: nobody looks.
  explicit Recorder(EventSink sink = {}) : sink_(std::move(sink)) {}

  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Whether somebody looks: what costs time to be put into words need not be, else.
  explicit operator bool() const { return static_cast<bool>(sink_); }

  /// A dial begins: times count from now on.
  void begin();

  /// The dial that `other` has begun is the one that is recorded from now on.
  void continue_from(const Recorder& other);

  Clock::time_point began() const { return began_; }

  /// The time since then.
  Moment now() const { return std::chrono::duration_cast<Moment>(Clock::now() - began_); }

  /// Tells what has happened, now or at a time of the dial's.
  void record(Event::Body body);
  void record(const Event& event);

  /// The end of the dial that has begun: with a connection, or with the cause why there is none.
  /// Attempts that are still under way are given up in the record. Nothing is told twice: what has
  /// ended, or never begun, stays as it is.
  void end(std::optional<DialFailure> failure = {});

 private:
  void keep(const Event::Body& body);

  EventSink sink_;
  Clock::time_point began_ = Clock::now();
  bool open_ = false;
  std::vector<AttemptId> running_;
};

}  // namespace gladhand
