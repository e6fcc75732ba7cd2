#include "strategy/route_text.hpp"

#include <algorithm>
#include <utility>

#include "base/command_line.hpp"
#include "base/duration.hpp"
#include "base/words.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

namespace {

constexpr std::string_view blanks = " \t\n";

UsageError wrong(std::string_view text, const std::string& why) {
  return UsageError("--route: " + in_quotes(text) + ' ' + why);
}

std::string expand(std::string_view text, const HostAndPort& target) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '%' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'h') {
      result += target.host;
    } else if (next == 'p') {
      result += target.port;
    } else if (next == '%') {
      result += '%';
    } else {
      result += text[i];
      continue;
    }
    ++i;
  }
  return result;
}

// The first word of `rest`, which is taken from it with the blanks around.
std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(blanks));
  rest.remove_prefix(word.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  return word;
}

bool is_proxy(std::string_view word) {
  return word.find("://") != std::string_view::npos;
}

HostAndPort read_destination(std::string_view word, const HostAndPort& target) {
  const std::string text = expand(word, target);
  if (is_local(text)) return {text, target.port};
  if (text.starts_with(':') && text.find(':', 1) == text.npos && text.size() > 1)
    return {target.host, text.substr(1)};
  return split_host(text, target.port);
}

// A shell in the command must not read more than a name there.
bool is_harmless(std::string_view host) {
  return !host.starts_with('-') && std::ranges::all_of(host, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:@%-").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

std::vector<std::string> read_command(std::string_view text, const HostAndPort& target) {
  auto words = split_command(text);
  if (!words || words->empty()) throw wrong(text, "is no command");
  for (std::string& word : *words) {
    if (word.find("%h") != word.npos && !is_harmless(target.host))
      throw UsageError("host " + in_quotes(target.host) + " is not given to a command",
                       "GLADHAND_HOST in its environment has it");
    word = expand(word, target);
  }
  return std::move(*words);
}

}  // namespace

RouteText read_route(std::string_view text, const HostAndPort& target) {
  RouteText route;
  route.to = target;
  std::string_view rest = text;
  std::string_view word = take_word(rest);
  if (!rest.empty()) route.patience = parse_duration(word);
  if (route.patience && route.patience->count() == 0) throw wrong(text, "gives it no time");
  if (route.patience) word = take_word(rest);
  if (word == "command") {
    route.command = read_command(rest, target);
    return route;
  }
  for (; is_proxy(word); word = take_word(rest)) route.proxies.emplace_back(word);
  if (!rest.empty() || (word.empty() && route.proxies.empty()))
    throw wrong(text, "is not direct, [PROXY...] [HOST][:PORT] or command WORD");
  if (!word.empty() && word != "direct") route.to = read_destination(word, target);
  return route;
}

}  // namespace gladhand
