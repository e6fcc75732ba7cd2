// SignalWatch: signals as something that happens on the loop.
#pragma once

#include <signal.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <initializer_list>
#include <vector>

namespace gladhand {

/// asio::signal_set is not used: it does not tell when its pipe cannot be made non-blocking or be
/// waited for, and then a signal neither ends the process nor reaches the loop.
class SignalWatch {
 public:
  /// Calls `call` from the loop when one of the signals comes, each time. Those that this process
  /// was told to ignore, as under nohup(1), stay ignored. No signal belongs to two at once. Throws
  /// Error where the system has no descriptor for it.
  SignalWatch(asio::io_context& loop,
              std::initializer_list<int> signals,
              std::function<void()> call);
  ~SignalWatch();

  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// The signals do again what they did before.
  void end();

 private:
  struct Taken {
    int signal = 0;
    struct sigaction before {};
  };

  void take(int signal);
  void wait();

  asio::posix::stream_descriptor arrival_;
  std::function<void()> call_;
  std::vector<Taken> taken_;
};

}  // namespace gladhand
