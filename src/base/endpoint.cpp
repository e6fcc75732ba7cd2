#include "gladhand/endpoint.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "base/zone.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

std::string_view to_string(Family family) {
  return family == Family::ipv6 ? "IPv6" : "IPv4";
}

std::string_view question_type(Family family) {
  return family == Family::ipv6 ? "AAAA" : "A";
}

Family other(Family family) {
  return family == Family::ipv6 ? Family::ipv4 : Family::ipv6;
}

Endpoint::Endpoint(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof(storage_))) {
  std::memcpy(&storage_, address, size_);
}

Endpoint::Endpoint(const in_addr& address, std::uint16_t port) : size_(sizeof(sockaddr_in)) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr = address;
  std::memcpy(&storage_, &in, sizeof(in));
}

Endpoint::Endpoint(const in6_addr& address, std::uint16_t port, std::uint32_t scope)
    : size_(sizeof(sockaddr_in6)) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  in.sin6_addr = address;
  in.sin6_scope_id = scope;
  std::memcpy(&storage_, &in, sizeof(in));
}

std::optional<Family> Endpoint::family() const {
  if (system_family() == AF_INET6) return Family::ipv6;
  if (system_family() == AF_INET) return Family::ipv4;
  return std::nullopt;
}

std::uint16_t Endpoint::port() const {
  if (system_family() == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
  if (system_family() == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
  return 0;
}

in6_addr Endpoint::mapped() const {
  if (system_family() == AF_INET6) return reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr;
  in6_addr result{};
  result.s6_addr[10] = 0xff;
  result.s6_addr[11] = 0xff;
  std::memcpy(&result.s6_addr[12], &reinterpret_cast<const sockaddr_in&>(storage_).sin_addr, 4);
  return result;
}

std::uint32_t Endpoint::scope() const {
  if (system_family() != AF_INET6) return 0;
  return reinterpret_cast<const sockaddr_in6&>(storage_).sin6_scope_id;
}

Endpoint Endpoint::with_port(std::uint16_t port) const {
  Endpoint result = *this;
  if (system_family() == AF_INET6)
    reinterpret_cast<sockaddr_in6&>(result.storage_).sin6_port = htons(port);
  if (system_family() == AF_INET)
    reinterpret_cast<sockaddr_in&>(result.storage_).sin_port = htons(port);
  return result;
}

std::optional<Endpoint> Endpoint::unix_socket(std::string_view path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof(address.sun_path) || path.find('\0') != path.npos)
    return std::nullopt;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return Endpoint(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

Endpoint Endpoint::vsock(std::uint32_t cid, std::uint32_t port) {
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = cid;
  address.svm_port = port;
  return {reinterpret_cast<const sockaddr*>(&address), sizeof(address)};
}

bool operator==(const Endpoint& a, const Endpoint& b) {
  return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

std::string unix_path(const Endpoint& endpoint) {
  constexpr std::size_t before_path = offsetof(sockaddr_un, sun_path);
  if (endpoint.system_family() != AF_UNIX || endpoint.size() <= before_path) return "";
  const char* path = reinterpret_cast<const char*>(endpoint.data()) + before_path;
  const std::size_t size = endpoint.size() - before_path;
  if (*path == '\0') return '@' + std::string(path + 1, size - 1);
  return {path, ::strnlen(path, size)};
}

std::optional<VsockAddress> vsock_address(const Endpoint& endpoint) {
  sockaddr_vm address{};
  if (endpoint.system_family() != AF_VSOCK || endpoint.size() < sizeof(address))
    return std::nullopt;
  std::memcpy(&address, endpoint.data(), sizeof(address));
  return VsockAddress{address.svm_cid, address.svm_port};
}

std::string to_string(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "";
  if (endpoint.family() == Family::ipv4) {
    const in6_addr mapped = endpoint.mapped();
    inet_ntop(AF_INET, &mapped.s6_addr[12], text, sizeof(text));
    return text;
  }
  if (endpoint.system_family() == AF_UNIX) {
    const std::string path = unix_path(endpoint);
    return path.empty() ? "(no name)" : printable(path);
  }
  if (const auto vsock = vsock_address(endpoint))
    return "vsock:" + std::to_string(vsock->cid) + ':' + std::to_string(vsock->port);
  if (endpoint.family() != Family::ipv6) return "(no address)";
  const in6_addr address = endpoint.mapped();
  inet_ntop(AF_INET6, &address, text, sizeof(text));
  if (endpoint.scope() == 0) return text;
  const std::string zone = zone_names().name(endpoint.scope());
  return std::string(text) + '%' + (zone.empty() ? std::to_string(endpoint.scope()) : zone);
}

std::string with_port(const Endpoint& endpoint) {
  if (!endpoint.family()) return to_string(endpoint);
  return to_string(endpoint) + " port " + std::to_string(endpoint.port());
}

namespace {

std::optional<std::uint32_t> zone_index(std::string_view zone) {
  std::uint32_t index = zone_names().index(std::string(zone));
  if (index != 0) return index;
  const char* end = zone.data() + zone.size();
  const auto [stop, error] = std::from_chars(zone.data(), end, index);
  if (error != std::errc() || stop != end || zone_names().name(index).empty()) return std::nullopt;
  return index;
}

}  // namespace

std::optional<Endpoint> parse_address(std::string_view text, std::uint16_t port) {
  if (text.find('\0') != text.npos) return std::nullopt;  // the system's parsers would stop there
  in_addr v4{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &v4) == 1) return Endpoint(v4, port);
  const std::size_t percent = text.find('%');
  in6_addr v6{};
  if (inet_pton(AF_INET6, std::string(text.substr(0, percent)).c_str(), &v6) != 1)
    return std::nullopt;
  if (percent == std::string_view::npos) return Endpoint(v6, port);
  const auto scope = zone_index(text.substr(percent + 1));
  if (!scope) return std::nullopt;
  return Endpoint(v6, port, *scope);
}

bool looks_like_ipv6(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

}  // namespace gladhand
