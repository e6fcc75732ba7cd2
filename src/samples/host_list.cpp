#include "samples/host_list.hpp"

#include <algorithm>
#include <iterator>

#include "base/words.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

std::pair<std::string, std::string> read_label(std::string_view word, std::string_view host) {
  const std::size_t equals = word.find('=');
  if (equals == word.npos)
    throw UsageError("--hosts: " + in_quotes(word) + " behind " + in_quotes(host) +
                     ": one host a line, and behind it NAME=VALUE");
  const std::string_view name = word.substr(0, equals);
  if (!is_label_name(name))
    throw UsageError("--hosts: " + in_quotes(word) + " behind " + in_quotes(host) +
                         ": no label may be called so",
                     "letters, digits and '_', a letter first; host, port, mode, vantage, outcome, "
                     "phase, family, address and le are used already");
  return {std::string(name), std::string(word.substr(equals + 1))};
}

}  // namespace

bool is_label_name(std::string_view name) {
  constexpr std::string_view ours[] = {
      "host", "port", "mode", "vantage", "outcome", "phase", "family", "address", "le"};
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_inner = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name[0]) && std::ranges::all_of(name, is_inner) &&
         !name.starts_with("__") && std::ranges::find(ours, name) == std::end(ours);
}

std::vector<ListedHost> read_host_list(std::string_view text) {
  std::vector<ListedHost> hosts;
  for_each_line(text, [&hosts](const std::vector<std::string_view>& words) {
    ListedHost& host = hosts.emplace_back(ListedHost{std::string(words.front())});
    for (std::size_t i = 1; i < words.size(); ++i) {
      auto label = read_label(words[i], words.front());
      const auto same = std::ranges::find(host.labels, label.first, &Labels::value_type::first);
      if (same != host.labels.end())
        throw UsageError("--hosts: label " + in_quotes(label.first) + " twice behind " +
                         in_quotes(words.front()));
      host.labels.push_back(std::move(label));
    }
  });
  return hosts;
}

}  // namespace gladhand
