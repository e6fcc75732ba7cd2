#include "dial/machined.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "gladhand/error.hpp"
#include "sys/unix_call.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& why) {
  throw Error(ExitStatus::no_address, why);
}

// One call over Varlink [varlink.org]. Empty when nobody listens there.
asio::awaitable<std::optional<std::string>> call(std::string directory,
                                                 std::string request,
                                                 Clock::time_point deadline) {
  // Named: GCC 12 destroys what is made inside of a co_await twice.
  UnixPeer machined{directory + "/systemd/machine/io.systemd.Machine", "systemd-machined"};
  co_return co_await call_unix_peer(std::move(machined), std::move(request), deadline);
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
