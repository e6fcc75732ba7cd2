// SignalGuard: lets a program put its house in order before a signal ends it.
#pragma once

#include <signal.h>

#include "base/unique_fd.hpp"

namespace gladhand {

/// While it lives, SIGHUP, SIGINT and SIGTERM wait, those of them that are ignored excepted. When
/// it goes, one that has come ends the process as it would have before.
class SignalGuard {
 public:
  /// Throws std::system_error when the system has no descriptor for it.
  SignalGuard();
  ~SignalGuard();

  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// Readable once a signal waits. Not to be read.
  int arrival() const { return arrival_.get(); }

  /// What was blocked before: for programs that are started meanwhile.
  const sigset_t& blocked_before() const { return before_; }

 private:
  sigset_t before_{};
  UniqueFd arrival_;
};

}  // namespace gladhand
