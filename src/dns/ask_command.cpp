#include "dns/ask_command.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/words.hpp"
#include "dns/lines_of_command.hpp"
#include "dns/target_environment.hpp"
#include "gladhand/error.hpp"
#include "names/address_line.hpp"

namespace gladhand {

namespace {

constexpr std::size_t most_addresses = 1000;

std::string words_of(const std::vector<Family>& families) {
  if (families.size() != 1) return "any";
  return families.front() == Family::ipv6 ? "6" : "4";
}

// Takes the lines of one run.
class AddressLines {
 public:
  AddressLines(std::uint16_t port,
               std::vector<Family> families,
               std::function<void(const Endpoint&)> use)
      : port_(port), families_(std::move(families)), use_(std::move(use)) {}

  void take(std::string_view line) {
    const auto words = split_words(line);
    if (words.empty()) return;
    const auto address = words.size() == 1 ? parse_address_line(words[0], port_) : std::nullopt;
    if (!address) {
      if (unreadable_.empty()) unreadable_ = in_quotes(line);
      return;
    }
    if (std::ranges::find(families_, address->family()) == families_.end()) return;
    if (++count_ <= most_addresses) use_(*address);
  }

  bool any() const { return count_ > 0; }

  // What was wrong with the lines; empty when nothing was.
  std::string fault() const {
    if (count_ > most_addresses)
      return "wrote more than " + std::to_string(most_addresses) + " addresses";
    return unreadable_.empty() ? "" : "wrote " + unreadable_ + ", which is no address";
  }

 private:
  std::uint16_t port_;
  std::vector<Family> families_;
  std::function<void(const Endpoint&)> use_;
  std::size_t count_ = 0;
  std::string unreadable_;
};

}  // namespace

asio::awaitable<Found> ask_command(asio::io_context& loop,
                                   std::shared_ptr<CommandGroup> programs,
                                   std::vector<std::string> words,
                                   Target target,
                                   std::vector<Family> families,
                                   std::chrono::steady_clock::time_point deadline,
                                   std::function<void(const Endpoint&)> use) {
  const std::string name = "--resolve-with " + in_quotes(words.front()) + ' ';
  Environment environment = target_environment(target);
  environment.emplace_back("GLADHAND_FAMILY", words_of(families));
  AddressLines lines(target.port, std::move(families), std::move(use));
  std::function<void(std::string_view)> take = [&lines](std::string_view line) {
    lines.take(line);
  };
  const auto status = co_await read_lines_of(loop,
                                             std::move(programs),
                                             std::move(words),
                                             std::move(environment),
                                             deadline,
                                             std::move(take));
  std::string fault;
  if (!status) {
    fault = "--resolve-with: " + std::string(status.error().what());
  } else if (!*status) {
    fault = name + "has not ended in time";
  } else if (**status != 0) {
    fault = name + describe_wait_status(**status);
  } else if (!lines.fault().empty()) {
    fault = name + lines.fault();
  } else if (!lines.any()) {
    fault = name + "wrote no address";
  }
  Found found;
  found.status = lines.any() ? AnswerStatus::addresses : AnswerStatus::server_failure;
  found.failure = fault;
  co_return found;
}

}  // namespace gladhand
