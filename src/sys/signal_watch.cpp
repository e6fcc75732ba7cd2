#include "sys/signal_watch.hpp"

#include <signal.h>

#include <system_error>
#include <utility>

namespace gladhand {

namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

SignalWatch::SignalWatch(asio::io_context& loop,
                         std::initializer_list<int> signals,
                         std::function<void()> call)
    : signals_(loop), call_(std::move(call)) {
  for (const int signal : signals)
    if (!is_ignored(signal)) signals_.add(signal);
  wait();
}

void SignalWatch::wait() {
  signals_.async_wait([this](std::error_code canceled, int /*signal*/) {
    if (canceled) return;
    call_();
    wait();
  });
}

}  // namespace gladhand
