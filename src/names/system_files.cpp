#include "names/system_files.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>

#include "base/words.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view without_final_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

// What c-ares cannot ask for would pass for a failure of the servers.
bool is_domain(std::string_view domain) {
  const auto allowed = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || std::strchr("-_./*", c) != nullptr);
  };
  return is_name(domain) && !domain.ends_with('.') && std::ranges::all_of(domain, allowed);
}

// The number after `key` in "key:7", at most `most`.
std::optional<unsigned> number_after(std::string_view key, std::string_view word, unsigned most) {
  if (!word.starts_with(key)) return std::nullopt;
  word.remove_prefix(key.size());
  unsigned number = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (stop != word.data() + word.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return most;
  if (error != std::errc()) return std::nullopt;
  return std::min(number, most);
}

void apply_option(std::string_view word, ResolvConf& conf) {
  if (const auto ndots = number_after("ndots:", word, 15)) conf.ndots = *ndots;
  if (const auto timeout = number_after("timeout:", word, 30))
    conf.timeout = std::chrono::seconds(std::max(*timeout, 1U));
  if (const auto attempts = number_after("attempts:", word, 5))
    conf.attempts = std::max(*attempts, 1U);
  if (word == "rotate") conf.rotate = true;
  if (word == "use-vc") conf.use_tcp = true;
  if (word == "no-aaaa") conf.no_aaaa = true;
}

}  // namespace

bool equal_names(std::string_view a, std::string_view b) {
  return std::ranges::equal(without_final_dot(a), without_final_dot(b), {}, lower, lower);
}

std::vector<Endpoint> find_in_hosts(const std::string& text,
                                    const std::string& name,
                                    std::uint16_t port) {
  // Lists that block advertisers have a hundred thousand lines, mostly none of them the name's.
  const std::string bare(without_final_dot(name));
  if (::strcasestr(text.c_str(), bare.c_str()) == nullptr) return {};
  std::vector<Endpoint> found;
  for_each_line(text, [&](const std::vector<std::string_view>& words) {
    const bool named = std::any_of(words.begin() + 1, words.end(), [&name](std::string_view word) {
      return equal_names(word, name);
    });
    if (!named) return;
    if (const auto endpoint = parse_address(words[0], port)) found.push_back(*endpoint);
  });
  return found;
}

bool is_localhost(std::string_view name) {
  constexpr std::string_view localhost = "localhost";
  name = without_final_dot(name);
  if (name.size() < localhost.size()) return false;
  if (!equal_names(name.substr(name.size() - localhost.size()), localhost)) return false;
  return name.size() == localhost.size() || name[name.size() - localhost.size() - 1] == '.';
}

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf conf;
  for_each_line(text, [&conf](const std::vector<std::string_view>& words) {
    if (words.size() < 2) return;
    if (words[0] == "nameserver" && parse_address(words[1], 0)) conf.servers.emplace_back(words[1]);
    if (words[0] == "domain") conf.search = {std::string(without_final_dot(words[1]))};
    if (words[0] == "search") {
      conf.search.clear();
      for (std::size_t i = 1; i < words.size(); ++i)
        conf.search.emplace_back(without_final_dot(words[i]));
    }
    if (words[0] == "options")
      for (const std::string_view word : words) apply_option(word, conf);
  });
  std::erase_if(conf.search, [](const std::string& domain) { return !is_domain(domain); });
  return conf;
}

void apply_resolver_options(std::string_view words, ResolvConf& conf) {
  for (const std::string_view word : split_words(words)) apply_option(word, conf);
}

std::vector<std::string> search_names(std::string_view name, const ResolvConf& conf) {
  const std::string absolute(without_final_dot(name));
  if (name.ends_with('.')) return {absolute};
  const auto dots = static_cast<unsigned>(std::ranges::count(name, '.'));
  std::vector<std::string> names;
  if (dots >= conf.ndots) names.push_back(absolute);
  for (const std::string& domain : conf.search) {
    std::string joined = absolute + '.' + domain;
    if (joined.size() <= 253 && !is_localhost(joined)) names.push_back(std::move(joined));
  }
  if (dots < conf.ndots) names.push_back(absolute);
  return names;
}

}  // namespace gladhand
