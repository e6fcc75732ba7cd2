#include "names/system_files.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>

#include "base/letters.hpp"
#include "base/words.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

namespace {

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
  if (word.starts_with("rotate")) conf.rotate = true;
  if (word.starts_with("use-vc")) conf.use_tcp = true;
  if (word.starts_with("edns0")) conf.edns0 = true;
  if (word.starts_with("single-request")) conf.one_by_one = true;
  if (word.starts_with("no-aaaa")) conf.no_aaaa = true;
  if (word.starts_with("no-tld-query")) conf.no_tld_query = true;
}

// Where `name` stands next in `text`, whatever its case: Horspool's way, which looks at one octet
// of several only.
class NameSearch {
 public:
  NameSearch(std::string_view text, std::string_view name) : text_(text), name_(name) {
    skips_.fill(name.size());
    for (std::size_t i = 0; i + 1 < name.size(); ++i) {
      skips_[octet(lower(name[i]))] = name.size() - 1 - i;
      skips_[octet(upper(name[i]))] = name.size() - 1 - i;
    }
  }

  std::size_t find(std::size_t from) const {
    while (text_.size() - from >= name_.size()) {
      if (equal_words(text_.substr(from, name_.size()), name_)) return from;
      from += skips_[octet(text_[from + name_.size() - 1])];
      if (from > text_.size()) break;
    }
    return text_.npos;
  }

 private:
  static unsigned char octet(char c) { return static_cast<unsigned char>(c); }
  static char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

  std::string_view text_;
  std::string_view name_;
  std::array<std::size_t, 256> skips_{};
};

std::string_view line_around(std::string_view text, std::size_t at) {
  const std::size_t before = text.rfind('\n', at);
  const std::size_t begin = before == text.npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

bool ends_word(char c) {
  return std::string_view(" \t\r\f\v\n#").find(c) != std::string_view::npos;
}

// Whether what begins at `at` and has `size` octets, or one more for a final dot, is a whole word.
bool is_word(std::string_view text, std::size_t at, std::size_t size) {
  if (at == 0 || !ends_word(text[at - 1])) return false;
  std::size_t end = at + size;
  if (end < text.size() && text[end] == '.') ++end;
  return end == text.size() || ends_word(text[end]);
}

}  // namespace

bool equal_names(std::string_view a, std::string_view b) {
  return equal_words(without_final_dot(a), without_final_dot(b));
}

// Lists that block advertisers have a hundred thousand lines, mostly none of them the name's: only
// lines that hold its letters are read.
std::vector<Endpoint> find_in_hosts(std::string_view text,
                                    std::string_view name,
                                    std::uint16_t port) {
  std::vector<Endpoint> found;
  name = without_final_dot(name);
  if (name.empty()) return found;
  const NameSearch search(text, name);
  for (std::size_t at = search.find(0); at != text.npos;) {
    const std::size_t end_of_line = std::min(text.find('\n', at), text.size());
    std::size_t next = at + 1;
    if (is_word(text, at, name.size())) {
      const auto words = split_words(line_around(text, at));
      const bool named =
          words.size() > 1 && std::any_of(words.begin() + 1, words.end(), [name](auto word) {
            return equal_names(word, name);
          });
      if (named) {
        if (const auto endpoint = parse_address(words[0], port)) found.push_back(*endpoint);
        next = end_of_line;  // an address once a line
      }
    }
    at = next < text.size() ? search.find(next) : text.npos;
  }
  return found;
}

std::string find_host_alias(std::string_view text, std::string_view name) {
  std::string alias;
  for_each_line(text, [&](const std::vector<std::string_view>& words) {
    if (alias.empty() && words.size() > 1 && equal_names(words[0], name) && is_name(words[1]))
      alias = words[1];
  });
  return alias;
}

bool is_below(std::string_view name, std::string_view domain) {
  name = without_final_dot(name);
  if (name.size() < domain.size()) return false;
  if (!equal_names(name.substr(name.size() - domain.size()), domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

bool is_localhost(std::string_view name) {
  return is_below(name, "localhost");
}

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf conf;
  for_each_line(text, [&](const std::vector<std::string_view>& words) {
    const char* keyword = words[0].data();  // begins the line, as resolv.conf(5) has it
    if (words.size() < 2 || (keyword != text.data() && keyword[-1] != '\n')) return;
    if (words[0] == "nameserver" && conf.servers.size() < most_servers &&
        parse_address(words[1], 0))
      conf.servers.emplace_back(words[1]);
    if (words[0] == "domain" || words[0] == "search") conf.names_search = true;
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
    const bool asked = joined.size() <= 253 && !is_localhost(joined) && !is_below(joined, "onion");
    if (asked) names.push_back(std::move(joined));
  }
  const bool withheld = conf.no_tld_query && dots == 0 && !names.empty();
  if (dots < conf.ndots && !withheld) names.push_back(absolute);
  return names;
}

}  // namespace gladhand
