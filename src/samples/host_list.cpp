#include "samples/host_list.hpp"

#include "base/words.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

std::vector<std::string> read_host_list(std::string_view text) {
  std::vector<std::string> hosts;
  for_each_line(text, [&hosts](const std::vector<std::string_view>& words) {
    if (words.size() > 1)
      throw UsageError("--hosts: " + in_quotes(words[1]) + " behind " + in_quotes(words[0]) +
                       ": one host a line");
    hosts.emplace_back(words.front());
  });
  return hosts;
}

}  // namespace gladhand
