#include "sys/signal_guard.hpp"

#include <sys/signalfd.h>

#include <cerrno>
#include <system_error>

namespace gladhand {

SignalGuard::SignalGuard() {
  sigset_t held;
  ::sigemptyset(&held);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) ::sigaddset(&held, signal);
  }
  arrival_ = UniqueFd(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!arrival_) throw std::system_error(errno, std::generic_category(), "signalfd");
  ::sigprocmask(SIG_BLOCK, &held, &before_);
}

SignalGuard::~SignalGuard() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace gladhand
