#include "dns/ask_resolved.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "gladhand/error.hpp"
#include "sys/unix_call.hpp"

#if GLADHAND_HAVE_JSON
#include <nlohmann/json.hpp>
#endif

namespace gladhand {

#if GLADHAND_HAVE_JSON

namespace {

using Json = nlohmann::json;

// An address is a list of its octets, beside the interface that it is valid on.
std::optional<Endpoint> read_address(const Json& entry, Family family, std::uint16_t port) {
  const auto octets = entry.find("address");
  if (octets == entry.end() || !octets->is_array()) return std::nullopt;
  std::string bytes;
  for (const Json& octet : *octets) {
    if (!octet.is_number_unsigned() || octet.get<std::uint64_t>() > 0xff) return std::nullopt;
    bytes += static_cast<char>(octet.get<unsigned>());
  }
  if (family == Family::ipv4 && bytes.size() == sizeof(in_addr)) {
    in_addr address{};
    bytes.copy(reinterpret_cast<char*>(&address), sizeof(address));
    return Endpoint(address, port);
  }
  if (family == Family::ipv4 || bytes.size() != sizeof(in6_addr)) return std::nullopt;
  in6_addr address{};
  bytes.copy(reinterpret_cast<char*>(&address), sizeof(address));
  const auto index = entry.find("ifindex");
  const bool scoped = IN6_IS_ADDR_LINKLOCAL(&address) && index != entry.end() &&
                      index->is_number_unsigned() && index->get<std::uint64_t>() <= INT32_MAX;
  return Endpoint(address, port, scoped ? index->get<std::uint32_t>() : 0);
}

// The end of an error's name: "NoSuchResourceRecord" of "io.systemd.Resolve.NoSuchResourceRecord".
AnswerStatus read_error(std::string_view error) {
  if (error.ends_with(".NoSuchResourceRecord") || error.ends_with(".ResourceRecordTypeObsolete"))
    return AnswerStatus::no_address;
  if (error.ends_with(".DNSError") || error.ends_with(".NoNameServers"))
    return AnswerStatus::no_such_name;
  if (error.ends_with(".QueryTimedOut") || error.ends_with(".MaxAttemptsReached"))
    return AnswerStatus::no_answer;
  return AnswerStatus::server_failure;
}

Result<Found> read_reply(const std::string& reply, Family family, std::uint16_t port) {
  const Json answer = Json::parse(reply, nullptr, false);
  if (!answer.is_object())
    return Error(ExitStatus::no_address, "systemd-resolved sends no proper answer");
  const auto error = answer.find("error");
  if (error != answer.end() && error->is_string())
    return Found{read_error(error->get<std::string>()), {}, printable(error->get<std::string>())};
  Found found;
  const auto parameters = answer.find("parameters");
  if (parameters == answer.end() || !parameters->is_object()) return found;
  const auto addresses = parameters->find("addresses");
  if (addresses == parameters->end() || !addresses->is_array()) return found;
  for (const Json& entry : *addresses)
    if (const auto address = entry.is_object() ? read_address(entry, family, port) : std::nullopt)
      found.addresses.push_back(*address);
  if (!found.addresses.empty()) found.status = AnswerStatus::addresses;
  return found;
}

}  // namespace

asio::awaitable<Result<std::optional<Found>>> ask_resolved(
    std::string name,
    Family family,
    std::uint16_t port,
    std::chrono::steady_clock::time_point deadline) {
  const Json request = {
      {"method", "io.systemd.Resolve.ResolveHostname"},
      {"parameters", {{"name", name}, {"family", family == Family::ipv6 ? AF_INET6 : AF_INET}}},
  };
  // Named, both of them: GCC 12 destroys what is made inside of a co_await twice.
  UnixPeer resolved{"/run/systemd/resolve/io.systemd.Resolve", "systemd-resolved"};
  std::string message = request.dump();
  const auto reply = co_await call_unix_peer(std::move(resolved), std::move(message), deadline);
  if (!reply) co_return reply.error();
  if (!*reply) co_return std::nullopt;
  const auto found = read_reply(**reply, family, port);
  if (!found) co_return found.error();
  co_return *found;
}

#else

// This build has no words for it.
asio::awaitable<Result<std::optional<Found>>> ask_resolved(
    std::string /*name*/,
    Family /*family*/,
    std::uint16_t /*port*/,
    std::chrono::steady_clock::time_point /*deadline*/) {
  co_return std::nullopt;
}

#endif

}  // namespace gladhand
