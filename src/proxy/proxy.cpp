// A proxy's URL. Nothing of it is quoted in an error but a scheme: with a misplaced '@' or '/' any
// other part may be the password.
#include "proxy/proxy.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/letters.hpp"
#include "base/url.hpp"
#include "gladhand/endpoint.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"
#include "proxy/http_fields.hpp"

namespace gladhand {

namespace {

// The first of a scheme's names is ours; "socks" is what desktops write for SOCKS5.
constexpr std::array<std::pair<std::string_view, ProxyScheme>, 7> schemes = {{
    {"socks4", ProxyScheme::socks4},
    {"socks4a", ProxyScheme::socks4a},
    {"socks5", ProxyScheme::socks5},
    {"socks5h", ProxyScheme::socks5h},
    {"http", ProxyScheme::http},
    {"https", ProxyScheme::https},
    {"socks", ProxyScheme::socks5h},
}};

constexpr std::string_view unix_suffix = "+unix";

ProxyScheme read_scheme(std::string_view text) {
  if (const auto scheme = parse_scheme(text)) return *scheme;
  throw UsageError("proxy scheme " + in_quotes(text) +
                   " is none of socks4, socks4a, socks5, socks5h, http and https");
}

std::string decode(std::string_view text) {
  const auto decoded = percent_decoded(text);
  if (decoded) return *decoded;
  throw UsageError("the proxy's user or password has a '%' without two hexadecimal digits",
                   "write '%' itself as %25");
}

void read_user(std::string_view text, Proxy& proxy) {
  if (text.empty()) return;
  const std::size_t colon = text.find(':');
  proxy.user = decode(text.substr(0, colon));
  if (colon != text.npos) proxy.password = decode(text.substr(colon + 1));
}

// The zone of a literal is as parse_address has it or, as in other URLs, behind "%25" [RFC 6874
// §2].
std::string read_literal(std::string_view text) {
  std::string literal(text);
  const std::size_t percent = std::min(text.find('%'), text.size());
  const std::string_view address = text.substr(0, percent);
  const std::string_view zone = text.substr(percent);
  if (!looks_like_ipv6(address) || !parse_address(address, 0) || zone == "%")
    throw UsageError("the proxy's host is in brackets, but is no IPv6 address");
  if (zone.starts_with("%25") && zone.size() > 3) literal.erase(percent + 1, 2);
  return literal;
}

std::string read_name(std::string_view text) {
  if (looks_like_ipv6(text)) throw UsageError("the proxy's host has a colon, but no brackets");
  try {
    if (!parse_address(text, 0)) check_name(text);
  } catch (const UsageError&) {  // it would quote the host
    throw UsageError("the proxy's host is neither a name nor an address");
  }
  return std::string(text);
}

// HOST[:PORT]
void read_host(std::string_view text, Proxy& proxy) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == text.npos)
      throw UsageError("the proxy's host has an opening bracket without its closing one");
    proxy.host = read_literal(text.substr(1, bracket - 1));
    port = text.substr(bracket + 1);
  } else {
    const std::size_t colon = std::min(text.rfind(':'), text.size());
    proxy.host = read_name(text.substr(0, colon));
    port = text.substr(colon);
  }
  if (port.empty() || port == ":") return;  // the scheme's own [RFC 3986 §3.2.3]
  const auto number = port[0] == ':' ? parse_port(port.substr(1)) : std::nullopt;
  if (!number) throw UsageError("the proxy's port is not a number between 1 and 65535");
  proxy.port = *number;
}

std::string read_path(std::string_view text) {
  const auto path = percent_decoded(text);
  if (path && path->size() > 1 && path->find('\0') == path->npos &&
      text.find_first_of("?#") == text.npos)
    return *path;
  throw UsageError("the proxy's URL has no path that a Unix socket could have");
}

std::uint16_t usual_port(ProxyScheme scheme) {
  if (scheme == ProxyScheme::https) return 443;
  return scheme == ProxyScheme::http ? 80 : 1080;
}

bool is_blank_or_control(char c) {
  return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
}

}  // namespace

std::string_view to_string(ProxyScheme scheme) {
  return std::ranges::find(schemes, scheme, &decltype(schemes)::value_type::second)->first;
}

std::optional<ProxyScheme> parse_scheme(std::string_view text) {
  for (const auto& [name, scheme] : schemes)
    if (equal_words(name, text)) return scheme;
  return std::nullopt;
}

std::string to_string(const Proxy& proxy) {
  if (!proxy.path.empty())
    return std::string(to_string(proxy.scheme)) + "+unix://" + printable(proxy.path);
  const std::string host = printable(proxy.host);
  return std::string(to_string(proxy.scheme)) + "://" +
         (looks_like_ipv6(proxy.host) ? '[' + host + ']' : host) + ':' + std::to_string(proxy.port);
}

Proxy parse_proxy(std::string_view url) {
  if (std::ranges::any_of(url, is_blank_or_control))
    throw UsageError("the proxy's URL holds a blank or a control character",
                     "in a user or password write it as %20, for example");
  const auto scheme = url_scheme(url);
  if (!scheme) throw UsageError("a proxy is given by a URL such as socks5h://HOST:1080");
  Proxy proxy;
  const std::size_t plain = scheme->size() - std::min(scheme->size(), unix_suffix.size());
  const bool on_unix = equal_words(scheme->substr(plain), unix_suffix);
  proxy.scheme = read_scheme(on_unix ? scheme->substr(0, plain) : *scheme);
  url.remove_prefix(scheme->size() + 3);
  std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const std::string_view path = url.substr(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != authority.npos) {
    read_user(authority.substr(0, at), proxy);
    authority.remove_prefix(at + 1);
  }
  const bool local = equal_words(authority, "localhost");
  if (on_unix && proxy.scheme == ProxyScheme::https)
    throw UsageError("a proxy on a Unix socket has no name that its certificate could be for",
                     "without TLS it is http+unix:///PATH");
  if (on_unix || (local && !speaks_http(proxy.scheme) && path.size() > 1)) {
    if (!local && !authority.empty())
      throw UsageError("a proxy on a Unix socket is given as " +
                       std::string(to_string(proxy.scheme)) + "+unix:///PATH");
    proxy.path = read_path(path);
    return proxy;
  }
  if (!path.empty() && path != "/")
    throw UsageError("the proxy's URL has a path, a query or a fragment",
                     "in a user or password write '/' as %2F, '?' as %3F and '#' as %23");
  proxy.port = usual_port(proxy.scheme);
  read_host(authority, proxy);
  return proxy;
}

}  // namespace gladhand
