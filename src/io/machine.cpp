#include "machine.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "gladhand/endpoint.hpp"
#include "gladhand/error.hpp"
#include "unique_fd.hpp"

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
  if (errno == EAGAIN || errno == EINPROGRESS) fail_late();
  fail("systemd-machined: " + system_words(errno));
}

// For the next call on the socket.
void limit_waiting(int fd, Clock::time_point deadline) {
  constexpr std::int64_t second = 1'000'000;
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now());
  if (left.count() <= 0) fail_late();
  timeval time{};
  time.tv_sec = left.count() / second;
  time.tv_usec = left.count() % second;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

// One call: what is sent and what comes back ends with a NUL [varlink.org]. Empty when nobody
// listens there.
std::optional<std::string> call(const std::string& directory,
                                const std::string& request,
                                Clock::time_point deadline) {
  const auto address = Endpoint::unix_socket(directory + "/systemd/machine/io.systemd.Machine");
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!address || !fd) fail("no socket to systemd-machined");
  limit_waiting(fd.get(), deadline);
  if (::connect(fd.get(), address->data(), address->size()) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    fail_with_errno();
  }
  const std::size_t size = request.size() + 1;
  if (::send(fd.get(), request.c_str(), size, MSG_NOSIGNAL) != static_cast<ssize_t>(size))
    fail_with_errno();
  std::string reply;
  while (reply.find('\0') == reply.npos) {
    char part[4096];
    limit_waiting(fd.get(), deadline);
    const ssize_t got = ::recv(fd.get(), part, sizeof(part), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno();
    if (got == 0 || reply.size() > longest_reply) fail("systemd-machined sends no proper answer");
    reply.append(part, static_cast<std::size_t>(got));
  }
  return reply.substr(0, reply.find('\0'));
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// systemd-ssh-generator(8) in a container binds this socket, systemd-nspawn(1) exports it.
std::string container_socket(const std::string& directory, const std::string& machine) {
  return directory + "/systemd/nspawn/unix-export/" + machine + "/ssh";
}

Machine read_machine(const Json& found, const std::string& directory, const std::string& machine) {
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
std::optional<Machine> find_in(const std::string& directory,
                               const std::string& machine,
                               Clock::time_point deadline) {
  const Json request = {{"method", "io.systemd.Machine.List"}, {"parameters", {{"name", machine}}}};
  const auto reply = call(directory, request.dump(), deadline);
  if (!reply) return std::nullopt;
  const Json answer = Json::parse(*reply, nullptr, false);
  if (!answer.is_object()) fail("systemd-machined sends no proper answer");
  const std::string error = text_of(answer, "error");
  if (error == "io.systemd.Machine.NoSuchMachine") return std::nullopt;
  if (!error.empty()) fail("systemd-machined: " + printable(error));
  const auto found = answer.find("parameters");
  if (found == answer.end() || !found->is_object()) fail("systemd-machined sends no proper answer");
  return read_machine(*found, directory, machine);
}

}  // namespace

Machine find_machine(const std::string& name, Clock::time_point deadline) {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/')
    if (const auto found = find_in(runtime, name, deadline)) return *found;
  if (const auto found = find_in("/run", name, deadline)) return *found;
  fail("systemd-machined knows no such machine");
}

}  // namespace gladhand
