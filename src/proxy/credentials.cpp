// Which user and password are whose: those of the file, of which nothing is ever quoted, and those
// that come without a proxy's name.
#include <algorithm>
#include <string>

#include "base/url.hpp"
#include "gladhand/error.hpp"
#include "names/system_files.hpp"
#include "proxy/http_fields.hpp"
#include "proxy/proxy.hpp"

namespace gladhand {

namespace {

// A '#' inside a URL begins no comment: it is a mistake that parse_proxy names.
std::string_view without_comment(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = trim(line);
  if (line.starts_with('#')) return {};
  for (const char* comment : {" #", "\t#"}) line = line.substr(0, line.find(comment));
  return trim(line);
}

// The file may serve other programs, too: git has paths behind https://.
bool is_for_others(std::string_view line) {
  const auto name = url_scheme(line);
  if (!name) return false;
  const auto scheme = parse_scheme(name->substr(0, name->find('+')));
  if (scheme != ProxyScheme::https) return !scheme;
  const std::size_t path = line.find('/', name->size() + 3);
  return path < line.size() - 1;
}

Proxy read_line(std::string_view line, unsigned number) {
  const std::string where = "line " + std::to_string(number) + " of the authentication file: ";
  try {
    Proxy entry = parse_proxy(line);
    if (entry.user) return entry;
  } catch (const UsageError& error) {
    throw UsageError(where + error.what(), error.hint());
  }
  throw UsageError(where + "the URL has no user");
}

bool is_same_host(const std::string& a, const std::string& b) {
  const auto one = parse_address(a, 0);
  const auto other = parse_address(b, 0);
  return one && other ? *one == *other : equal_names(a, b);
}

bool serves(const Proxy& entry, const Proxy& proxy) {
  const bool socks = !speaks_http(entry.scheme) && !speaks_http(proxy.scheme);
  return (socks || entry.scheme == proxy.scheme) && entry.port == proxy.port && entry.path == proxy.path &&
         is_same_host(entry.host, proxy.host) && (!proxy.user || entry.user == proxy.user);
}

}  // namespace

std::string_view fault_of(ProxyScheme scheme, const Credentials& credentials) {
  constexpr std::size_t longest = 255;  // [RFC 1929 §2]
  switch (scheme) {
    case ProxyScheme::socks4:
    case ProxyScheme::socks4a:
      if (credentials.user.find('\0') == std::string::npos) break;
      return "SOCKS4 takes no user with a NUL in it";
    case ProxyScheme::socks5:
    case ProxyScheme::socks5h:
      if (std::max(credentials.user.size(), credentials.password.size()) <= longest) break;
      return "SOCKS5 takes a user and a password of at most 255 octets each";
    case ProxyScheme::http:
    case ProxyScheme::https:
      if (std::ranges::none_of(credentials.user + credentials.password,
                               [](char c) { return c == '\0' || c == '\r' || c == '\n'; }))
        break;
      return "HTTP takes no user or password with a line end or a NUL in it";
  }
  return "";
}

std::optional<std::size_t> owner_of_unnamed_password(std::span<const Proxy> chain) {
  if (chain.size() == 1) return 0;
  const auto lacks_password = [](const Proxy& proxy) { return proxy.user && !proxy.password; };
  if (std::ranges::count_if(chain, lacks_password) != 1) return std::nullopt;
  return std::ranges::find_if(chain, lacks_password) - chain.begin();
}

std::optional<Credentials> find_credentials(std::string_view file, const Proxy& proxy) {
  std::optional<Credentials> found;
  for (unsigned number = 1; !file.empty(); ++number) {
    const std::size_t length = std::min(file.find('\n'), file.size());
    const std::string_view line = without_comment(file.substr(0, length));
    file.remove_prefix(std::min(length + 1, file.size()));
    if (line.empty() || is_for_others(line)) continue;
    const Proxy entry = read_line(line, number);
    if (!found && serves(entry, proxy)) found = {*entry.user, entry.password.value_or("")};
  }
  return found;
}

}  // namespace gladhand
