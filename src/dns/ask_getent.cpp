#include "dns/ask_getent.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/words.hpp"
#include "dns/lines_of_command.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

constexpr int not_found = 2;  // its exit status, in getent(1)

// The first word of a line. With ahostsv6, IPv4 addresses come mapped: they are the other
// question's.
std::optional<Endpoint> read_line(std::string_view line, Family family, std::uint16_t port) {
  const auto words = split_words(line);
  const auto address = words.empty() ? std::nullopt : parse_address(words[0], port);
  if (!address || address->family() != family) return std::nullopt;
  const in6_addr bytes = address->mapped();
  if (family == Family::ipv6 && IN6_IS_ADDR_V4MAPPED(&bytes)) return std::nullopt;
  return address;
}

std::vector<std::string> getent_command(const std::string& modules,
                                        const std::string& name,
                                        Family family) {
  std::vector<std::string> words = {"getent"};
  if (!modules.empty()) words.insert(words.end(), {"-s", "hosts:" + modules});
  words.emplace_back(family == Family::ipv6 ? "ahostsv6" : "ahostsv4");
  words.push_back(name);
  return words;
}

}  // namespace

asio::awaitable<Found> ask_getent(asio::io_context& loop,
                                  std::shared_ptr<CommandGroup> programs,
                                  std::string modules,
                                  std::string name,
                                  Family family,
                                  std::uint16_t port,
                                  std::chrono::steady_clock::time_point deadline) {
  Found found;
  // Named: GCC 12 destroys what is made inside of a co_await twice.
  std::vector<std::string> command = getent_command(modules, name, family);
  const Environment environment;
  std::function<void(std::string_view)> use = [&found, family, port](std::string_view line) {
    const auto address = read_line(line, family, port);
    if (!address) return;
    if (std::ranges::find(found.addresses, *address) == found.addresses.end())
      found.addresses.push_back(*address);
  };
  const auto status = co_await read_lines_of(
      loop, std::move(programs), std::move(command), environment, deadline, std::move(use));
  if (!status) co_return Found{AnswerStatus::no_answer, {}, status.error().what()};
  if (!*status) co_return Found{AnswerStatus::no_answer, {}, "getent has not ended in time"};
  if (!found.addresses.empty()) {
    found.status = AnswerStatus::addresses;
  } else if (!WIFEXITED(**status) || (WEXITSTATUS(**status) != not_found && **status != 0)) {
    found.status = AnswerStatus::server_failure;
    found.failure = "getent " + describe_wait_status(**status);
  }
  co_return found;
}

}  // namespace gladhand
