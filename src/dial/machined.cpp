#include "dial/machined.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "gladhand/error.hpp"
#include "sys/unix_call.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

Error no_way(const std::string& why) {
  return {ExitStatus::no_address, why};
}

// One call over Varlink [varlink.org]. Empty when nobody listens there.
asio::awaitable<Result<std::optional<std::string>>> call(std::string directory,
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

Result<MachinedEntry> read_machine(const Json& found,
                                   const std::string& directory,
                                   const std::string& machine) {
  const std::string kind = text_of(found, "class");
  if (kind == "container") {
    if (text_of(found, "service") != "systemd-nspawn")
      return no_way("no way into a container of " + in_quotes(text_of(found, "service")));
    return MachinedEntry{0, container_socket(directory, machine)};
  }
  if (kind != "vm") return no_way("no way into a machine of class " + in_quotes(kind));
  const auto cid = found.find("vSockCid");
  if (cid == found.end() || !cid->is_number_unsigned() || cid->get<std::uint64_t>() >= UINT32_MAX)
    return no_way("it has no VSOCK address");
  return MachinedEntry{cid->get<std::uint32_t>(), {}};
}

// Empty when it is not there.
asio::awaitable<Result<std::optional<MachinedEntry>>> find_in(std::string directory,
                                                              std::string machine,
                                                              Clock::time_point deadline) {
  const Json request = {{"method", "io.systemd.Machine.List"}, {"parameters", {{"name", machine}}}};
  const auto reply = co_await call(directory, request.dump(), deadline);
  if (!reply) co_return reply.error();
  if (!*reply) co_return std::nullopt;
  const Json answer = Json::parse(**reply, nullptr, false);
  if (!answer.is_object()) co_return no_way("systemd-machined sends no proper answer");
  const std::string error = text_of(answer, "error");
  if (error == "io.systemd.Machine.NoSuchMachine") co_return std::nullopt;
  if (!error.empty()) co_return no_way("systemd-machined: " + printable(error));
  const auto found = answer.find("parameters");
  if (found == answer.end() || !found->is_object())
    co_return no_way("systemd-machined sends no proper answer");
  const auto entry = read_machine(*found, directory, machine);
  if (!entry) co_return entry.error();
  co_return *entry;
}

}  // namespace

asio::awaitable<Result<MachinedEntry>> find_machine(std::string name, Clock::time_point deadline) {
  std::vector<std::string> directories = {"/run"};
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') directories.insert(directories.begin(), runtime);
  for (const std::string& directory : directories) {
    const auto found = co_await find_in(directory, name, deadline);
    if (!found) co_return found.error();
    if (*found) co_return **found;
  }
  co_return no_way("systemd-machined knows no such machine");
}

}  // namespace gladhand
