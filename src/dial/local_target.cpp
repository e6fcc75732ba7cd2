#include "dial/local_target.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "dial/machined.hpp"

namespace gladhand {

namespace {

std::string beginning(const Target& target) {
  return "connect to " + in_words(target.host, target.service) + ": ";
}

LocalAddress at_path(std::string_view origin, const Target& target, const std::string& path) {
  LocalAddress result{origin, Endpoint::unix_socket(path), {}, {}};
  if (result.endpoint) return result;
  result.path = UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (result.path) {
    result.endpoint = Endpoint::unix_socket("/proc/self/fd/" + std::to_string(result.path.get()));
  } else {
    result.failure = Error(ExitStatus::all_attempts_failed,
                           beginning(target) + system_words(errno) + " at " + printable(path));
  }
  return result;
}

asio::awaitable<LocalAddress> of_machine(Target target,
                                         std::chrono::steady_clock::time_point deadline) {
  constexpr std::string_view origin = "machine";
#if GLADHAND_HAVE_MACHINED
  const auto machine = co_await find_machine(target.name, deadline);
  if (!machine) {
    LocalAddress nowhere{origin, {}, {}, {}};
    nowhere.failure.emplace(machine.error().status(), beginning(target) + machine.error().what());
    co_return nowhere;
  }
  if (!machine->socket.empty()) co_return at_path(origin, target, machine->socket);
  co_return LocalAddress{origin, Endpoint::vsock(machine->cid, target.vsock_port), {}, {}};
#else
  LocalAddress nowhere{origin, {}, {}, {}};
  nowhere.failure.emplace(ExitStatus::no_address,
                          beginning(target) + "this gladhand is built without systemd-machined");
  (void)deadline;
  co_return nowhere;
#endif
}

}  // namespace

asio::awaitable<LocalAddress> find_local_address(Target target,
                                                 std::chrono::steady_clock::time_point deadline) {
  if (target.kind == Target::Kind::machine) co_return co_await of_machine(target, deadline);
  if (target.kind == Target::Kind::vsock) co_return LocalAddress{"vsock", target.literal, {}, {}};
  co_return at_path(
      target.kind == Target::Kind::unix_socket ? "unix" : "vsock-mux", target, target.path);
}

}  // namespace gladhand
