#include "gladhand/target.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "base/words.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::uint16_t> find_service(std::string_view name, std::string_view services) {
  std::optional<std::uint16_t> port;
  for_each_line(services, [&](const std::vector<std::string_view>& words) {
    if (port || words.size() < 2 || !words[1].ends_with("/tcp")) return;
    const bool official = words[0] == name;
    if (!official && std::find(words.begin() + 2, words.end(), name) == words.end()) return;
    port = parse_port(words[1].substr(0, words[1].size() - 4));
  });
  return port;
}

std::uint16_t read_port(std::string_view text, std::string_view services) {
  if (text.empty()) throw UsageError("the port is missing");
  if (const auto port = parse_port(text)) return *port;
  if (all_digits(text) || text.starts_with('-'))
    throw UsageError("port " + in_quotes(text) + " is not between 1 and 65535");
  if (const auto port = find_service(text, services)) return *port;
  if (text == "ssh") return 22;  // where there is no services(5), as on a small machine
  throw UsageError("port " + in_quotes(text) + " is neither a number nor a TCP service name");
}

// ssh passes "[2001:db8::1]" with its brackets.
std::string_view without_brackets(std::string_view host) {
  if (!host.starts_with('[')) return host;
  if (!host.ends_with(']'))
    throw UsageError("host " + in_quotes(host) + " has an opening bracket without its closing one");
  const std::string_view inner = host.substr(1, host.size() - 2);
  if (!looks_like_ipv6(inner))
    throw UsageError("host " + in_quotes(host) + ": only an IPv6 address may be in brackets");
  return inner;
}

Endpoint read_ipv6(std::string_view host, std::uint16_t port) {
  if (const auto literal = parse_address(host, port)) {
    const in6_addr address = literal->mapped();
    if (IN6_IS_ADDR_LINKLOCAL(&address) && literal->scope() == 0)
      throw UsageError("host " + in_quotes(host) + " is link-local and needs its interface",
                       "write " + std::string(host) + "%eth0, for example");
    return *literal;
  }
  const std::size_t percent = host.find('%');
  if (percent != std::string_view::npos && parse_address(host.substr(0, percent), port))
    throw UsageError("host " + in_quotes(host) + ": there is no interface " +
                     in_quotes(host.substr(percent + 1)));
  throw UsageError("host " + in_quotes(host) + " is not an IPv6 address");
}

}  // namespace

namespace {

// What getaddrinfo(3) reads as an address beyond four decimal numbers: 127.1, 0x7f000001,
// 010.0.0.1.
std::optional<Endpoint> read_ipv4(const std::string& host, std::uint16_t port) {
  in_addr address{};
  if (host.find_first_not_of("0123456789abcdefABCDEFxX.") != host.npos ||
      ::inet_aton(host.c_str(), &address) == 0)
    return std::nullopt;
  return Endpoint(address, port);
}

// The rest of "KIND/rest" or "KIND%rest".
std::optional<std::string_view> after(std::string_view kind, std::string_view host) {
  if (!host.starts_with(kind) || host.size() == kind.size()) return std::nullopt;
  if (host[kind.size()] != '/' && host[kind.size()] != '%') return std::nullopt;
  return host.substr(kind.size() + 1);
}

std::uint32_t read_vsock_number(std::string_view text, const std::string& what) {
  constexpr std::uint32_t any = UINT32_MAX;  // VMADDR_CID_ANY, VMADDR_PORT_ANY
  std::uint32_t number = any;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && number != any) return number;
  throw UsageError(what + ' ' + in_quotes(text) + " is not a number from 0 to 4294967294");
}

// The names are those of systemd-ssh-proxy(1).
std::uint32_t read_cid(std::string_view text) {
  if (text == "hypervisor") return 0;
  if (text == "local") return 1;
  if (text == "host") return 2;
  return read_vsock_number(text, "CID");
}

std::string read_path(std::string_view path, std::string_view host) {
  if (path.empty()) throw UsageError("host " + in_quotes(host) + " names no socket");
  if (path.starts_with('/') || path.starts_with("./")) return std::string(path);
  return '/' + std::string(path);
}

// What becomes part of a path must not lead elsewhere.
std::string read_machine(std::string_view name) {
  if (!name.empty() && name.size() <= 64 && !name.starts_with('.') && !name.starts_with('-') &&
      std::ranges::all_of(name, [](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.');
      }))
    return std::string(name);
  throw UsageError("machine " + in_quotes(name) + " is no name of a machine");
}

// Empty for a name or an address.
std::optional<Target> parse_local_target(std::string_view host, std::string_view port) {
  using Kind = Target::Kind;
  Target target;
  target.host = host;
  target.service = port;
  if (const auto path = after("unix", host)) {
    target.kind = Kind::unix_socket;
    target.path = read_path(*path, host);
    return target;
  }
  if (const auto cid = after("vsock", host)) {
    target.kind = Kind::vsock;
    target.vsock_port = read_vsock_number(port, "port");
    target.literal = Endpoint::vsock(read_cid(*cid), target.vsock_port);
  } else if (const auto path = after("vsock-mux", host)) {
    target.kind = Kind::vsock_mux;
    target.vsock_port = read_vsock_number(port, "port");
    target.path = read_path(*path, host);
  } else if (const auto name = after("machine", host)) {
    target.kind = Kind::machine;
    target.vsock_port = read_vsock_number(port, "port");
    target.name = read_machine(*name);
  } else {
    return std::nullopt;
  }
  return target;
}

[[noreturn]] void reject(std::string_view name, const char* fault) {
  throw UsageError("host " + in_quotes(name) + ' ' + fault);
}

constexpr const char* has_blank = "holds a blank or a control character";

bool is_blank(char c) {
  return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
}

// What is wrong with the name; null when nothing is.
const char* fault_of_name(std::string_view name) {
  if (name.starts_with('-')) return "begins with '-'";
  for (const char c : name) {
    if (is_blank(c)) return has_blank;
    if (c == '\\') return "holds a backslash";  // an escape to c-ares, a letter to ssh
    if (c == '%') return "has a zone, which only an IPv6 address can have";
  }
  if (read_ipv4(std::string(name), 0)) return "is an address, not a name";
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > longest_name) return "is longer than 253 octets";
  for (std::string_view rest = name;;) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    if (label.empty()) return "has an empty label";
    if (label.size() > longest_label) return "has a label of more than 63 octets";
    if (label.size() == rest.size()) break;
    rest.remove_prefix(label.size() + 1);
  }
  return nullptr;
}

}  // namespace

Target::Kind kind_of(std::string_view host) {
  using Kind = Target::Kind;
  if (after("unix", host)) return Kind::unix_socket;
  if (after("vsock", host)) return Kind::vsock;
  if (after("vsock-mux", host)) return Kind::vsock_mux;
  return after("machine", host) ? Kind::machine : Kind::internet;
}

bool is_local(std::string_view host) {
  return kind_of(host) != Target::Kind::internet;
}

std::string in_words(std::string_view host, std::string_view service) {
  if (service.empty()) return in_quotes(host);
  return in_quotes(host) + " port " + printable(service);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < 1 || number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

void check_blanks(std::string_view name) {
  if (std::ranges::any_of(name, is_blank)) reject(name, has_blank);
}

void check_name(std::string_view name) {
  if (name.empty()) throw UsageError("the host is empty");
  if (const char* fault = fault_of_name(name)) reject(name, fault);
}

bool is_name(std::string_view name) {
  return !name.empty() && fault_of_name(name) == nullptr;
}

Target parse_target(std::string_view host, std::string_view port, std::string_view services) {
  if (auto local = parse_local_target(host, port)) return std::move(*local);
  Target target;
  target.port = read_port(port, services);
  target.service = port;
  target.host = without_brackets(host);
  if (looks_like_ipv6(target.host)) {
    target.literal = read_ipv6(target.host, target.port);
  } else if (const auto ipv4 = read_ipv4(target.host, target.port)) {
    target.literal = ipv4;
  } else {
    check_name(target.host);
    target.name = target.host;
  }
  return target;
}

}  // namespace gladhand
