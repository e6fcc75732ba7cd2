#include "strategy/ssh_call.hpp"

#include <string_view>

namespace gladhand {

namespace {

// [ssh(1), 10.0] those that take a value, and of all the ones that matter here.
constexpr std::string_view with_value = "BDEFIJLOPQRSWbceilmopw";
constexpr std::string_view wanted = "46BFPblop";

bool has(std::string_view letters, char letter) {
  return letters.find(letter) != letters.npos;
}

// One word of options, "-4v" or "-p22"; those that take a value have it in the rest of the word or
// in the next. Returns how many words that was.
std::size_t read_options(std::span<const std::string> words, std::vector<std::string>& options) {
  const std::string_view word = words.front();
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string option = {'-', word[i]};
    const bool stays = has(wanted, word[i]);
    if (!has(with_value, word[i])) {
      if (stays) options.push_back(option);
      continue;
    }
    const bool in_next = i + 1 == word.size();
    if (in_next && words.size() < 2) return 1;
    if (stays) {
      options.push_back(option);
      options.push_back(in_next ? words[1] : std::string(word.substr(i + 1)));
    }
    return in_next ? 2 : 1;
  }
  return 1;
}

}  // namespace

// Options may stand behind the destination, too, until the first word of the command.
SshCall read_ssh_call(std::span<const std::string> arguments) {
  SshCall call;
  while (!arguments.empty()) {
    const std::string& word = arguments.front();
    std::size_t read = 1;
    if (word == "--") {
      if (call.destination.empty() && arguments.size() > 1) call.destination = arguments[1];
      break;
    }
    if (word.size() > 1 && word[0] == '-') {
      read = read_options(arguments, call.options);
    } else if (call.destination.empty()) {
      call.destination = word;
    } else {
      break;
    }
    arguments = arguments.subspan(read);
  }
  return call;
}

}  // namespace gladhand
