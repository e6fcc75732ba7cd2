// SignalWatch: signals as something that happens on the loop.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <initializer_list>

namespace gladhand {

class SignalWatch {
 public:
  /// Calls `call` from the loop when one of the signals comes, each time. Those that this process
  /// was told to ignore, as under nohup(1), stay ignored.
  SignalWatch(asio::io_context& loop,
              std::initializer_list<int> signals,
              std::function<void()> call);

  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// The signals do again what they did before.
  void end() { signals_.clear(); }

 private:
  void wait();

  asio::signal_set signals_;
  std::function<void()> call_;
};

}  // namespace gladhand
