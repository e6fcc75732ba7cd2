// LastResort: the end of a process whose own timers or descriptors have failed it.
#pragma once

#include <chrono>
#include <string>

namespace gladhand {

/// While it lives, the process ends when the time is over, whatever it waits for or is stuck in:
/// a signal handler writes the line to stderr, if that takes it, and leaves with the status. One
/// at a time.
class LastResort {
 public:
  LastResort(std::chrono::microseconds after, std::string line, int status);
  ~LastResort();

  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;

 private:
  std::string line_;
};

}  // namespace gladhand
