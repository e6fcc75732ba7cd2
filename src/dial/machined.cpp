#include "dial/machined.hpp"

#include <sys/socket.h>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/unique_fd.hpp"
#include "gladhand/endpoint.hpp"
#include "gladhand/error.hpp"
#include "sys/readiness_wait.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr std::size_t longest_reply = 1U << 20U;

[[noreturn]] void fail(const std::string& why) {
  throw Error(ExitStatus::no_address, why);
}

[[noreturn]] void fail_late() {
  throw Error(ExitStatus::timed_out, "systemd-machined does not answer");
}

[[noreturn]] void fail_with_errno() {
  fail("systemd-machined: " + system_words(errno));
}

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

// False when nobody listens there. A Unix socket connects at once, or says EAGAIN while its server
// has too many waiting [unix(7)]: no event tells when there is room.
asio::awaitable<bool> connect(int fd, Endpoint address, Clock::time_point deadline) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (::connect(fd, address.data(), address.size()) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) co_return false;
    if (!would_block()) fail_with_errno();
    if (Clock::now() >= deadline) fail_late();
    pause.expires_after(std::chrono::milliseconds(10));
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return true;
}

asio::awaitable<void> send_all(int fd,
                               ReadinessWait& ready,
                               std::string_view bytes,
                               Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (!would_block()) fail_with_errno();
    if (!co_await ready.wait(ReadinessWait::Descriptor::wait_write, deadline)) fail_late();
  }
}

// What comes before the first NUL.
asio::awaitable<std::string> read_reply(int fd, ReadinessWait& ready, Clock::time_point deadline) {
  std::string reply;
  while (reply.find('\0') == reply.npos) {
    if (!co_await ready.wait(ReadinessWait::Descriptor::wait_read, deadline)) fail_late();
    char part[4096];
    const ssize_t got = ::recv(fd, part, sizeof(part), MSG_DONTWAIT);
    if (got < 0 && would_block()) continue;
    if (got < 0) fail_with_errno();
    if (got == 0 || reply.size() > longest_reply) fail("systemd-machined sends no proper answer");
    reply.append(part, static_cast<std::size_t>(got));
  }
  co_return reply.substr(0, reply.find('\0'));
}

// One call: what is sent and what comes back ends with a NUL [varlink.org]. Empty when nobody
// listens there.
asio::awaitable<std::optional<std::string>> call(std::string directory,
                                                 std::string request,
                                                 Clock::time_point deadline) {
  const auto address = Endpoint::unix_socket(directory + "/systemd/machine/io.systemd.Machine");
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!address || !fd) fail("no socket to systemd-machined");
  if (!co_await connect(fd.get(), *address, deadline)) co_return std::nullopt;
  ReadinessWait ready(co_await asio::this_coro::executor, fd.get());
  const std::string_view with_nul(request.c_str(), request.size() + 1);
  co_await send_all(fd.get(), ready, with_nul, deadline);
  co_return co_await read_reply(fd.get(), ready, deadline);
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// systemd-ssh-generator(8) in a container binds this socket, systemd-nspawn(1) exports it.
std::string container_socket(const std::string& directory, const std::string& machine) {
  return directory + "/systemd/nspawn/unix-export/" + machine + "/ssh";
}

MachinedEntry read_machine(const Json& found,
                           const std::string& directory,
                           const std::string& machine) {
  const std::string kind = text_of(found, "class");
  if (kind == "container") {
    if (text_of(found, "service") != "systemd-nspawn")
      fail("no way into a container of " + in_quotes(text_of(found, "service")));
    return {0, container_socket(directory, machine)};
  }
  if (kind != "vm") fail("no way into a machine of class " + in_quotes(kind));
  const auto cid = found.find("vSockCid");
  if (cid == found.end() || !cid->is_number_unsigned() || cid->get<std::uint64_t>() >= UINT32_MAX)
    fail("it has no VSOCK address");
  return {cid->get<std::uint32_t>(), {}};
}

// Empty when it is not there.
asio::awaitable<std::optional<MachinedEntry>> find_in(std::string directory,
                                                      std::string machine,
                                                      Clock::time_point deadline) {
  const Json request = {{"method", "io.systemd.Machine.List"}, {"parameters", {{"name", machine}}}};
  const auto reply = co_await call(directory, request.dump(), deadline);
  if (!reply) co_return std::nullopt;
  const Json answer = Json::parse(*reply, nullptr, false);
  if (!answer.is_object()) fail("systemd-machined sends no proper answer");
  const std::string error = text_of(answer, "error");
  if (error == "io.systemd.Machine.NoSuchMachine") co_return std::nullopt;
  if (!error.empty()) fail("systemd-machined: " + printable(error));
  const auto found = answer.find("parameters");
  if (found == answer.end() || !found->is_object()) fail("systemd-machined sends no proper answer");
  co_return read_machine(*found, directory, machine);
}

}  // namespace

asio::awaitable<MachinedEntry> find_machine(std::string name, Clock::time_point deadline) {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') {
    const auto found = co_await find_in(runtime, name, deadline);
    if (found) co_return *found;
  }
  const auto found = co_await find_in("/run", name, deadline);
  if (!found) fail("systemd-machined knows no such machine");
  co_return *found;
}

}  // namespace gladhand
