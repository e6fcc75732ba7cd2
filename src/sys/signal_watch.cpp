#include "sys/signal_watch.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

// Where the news of a signal goes; what a handler may read.
std::atomic<int> arrivals[NSIG];
static_assert(std::atomic<int>::is_always_lock_free);

void tell(int signal) {
  const int before = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t told = ::write(arrivals[signal], &one, sizeof(one));
  errno = before;
}

bool is_ignored(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

Error cannot_watch(int error) {
  return {ExitStatus::not_handed_over, "cannot wait for signals: " + system_words(error)};
}

}  // namespace

SignalWatch::SignalWatch(asio::io_context& loop,
                         std::initializer_list<int> signals,
                         std::function<void()> call)
    : arrival_(loop), call_(std::move(call)) {
  UniqueFd arrival(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!arrival) throw cannot_watch(errno);
  std::error_code error;
  arrival_.assign(arrival.get(), error);
  if (error) throw cannot_watch(error.value());
  arrival.release();                          // arrival_ has it now
  arrival_.native_non_blocking(true, error);  // no wait has to do it, and can fail
  if (error) throw cannot_watch(error.value());
  for (const int signal : signals)
    if (!is_ignored(signal)) take(signal);
  wait();
}

SignalWatch::~SignalWatch() {
  end();
}

void SignalWatch::take(int signal) {
  arrivals[signal] = arrival_.native_handle();
  struct sigaction action {};
  action.sa_handler = tell;
  action.sa_flags = SA_RESTART;
  Taken taken{signal, {}};
  if (::sigaction(signal, &action, &taken.before) == 0) taken_.push_back(taken);
}

void SignalWatch::end() {
  for (const Taken& it : std::exchange(taken_, {})) ::sigaction(it.signal, &it.before, nullptr);
}

void SignalWatch::wait() {
  arrival_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code canceled) {
    if (canceled) return;
    std::uint64_t count = 0;
    if (::read(arrival_.native_handle(), &count, sizeof(count)) > 0) call_();
    wait();
  });
}

}  // namespace gladhand
