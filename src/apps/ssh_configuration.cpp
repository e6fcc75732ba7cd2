#include "apps/ssh_configuration.hpp"

#include <chrono>
#include <string_view>
#include <vector>

#include "gladhand/error.hpp"
#include "strategy/ssh_call.hpp"
#include "strategy/ssh_settings.hpp"
#include "sys/environment.hpp"
#include "sys/parent.hpp"
#include "sys/program_output.hpp"

namespace gladhand {

namespace {

constexpr std::chrono::seconds patience(5);

struct SshQuestion {
  std::string program = "ssh";
  SshCall call;
};

// A program that was replaced since it began has " (deleted)" behind its path: its successor is
// asked then.
SshQuestion ask_as_parent() {
  const auto parent = read_parent();
  if (!parent) return {};
  const bool is_ssh = parent->program.ends_with("/ssh");
  if (!is_ssh && !parent->program.ends_with("/ssh (deleted)")) return {};
  return {.program = is_ssh ? parent->program : "ssh", .call = read_ssh_call(parent->arguments)};
}

std::string ask(const SshQuestion& question, const std::string& who) {
  std::vector<std::string> words = {question.program, "-G"};
  words.insert(words.end(), question.call.options.begin(), question.call.options.end());
  words.insert(words.end(), {"--", question.call.destination});
  const auto said =
      run_program(words, {{ssh_guard, "1"}}, std::chrono::steady_clock::now() + patience);
  if (!said)
    throw Error(said.error().status(), "--ssh-config: " + std::string(said.error().what()));
  if (said->status == 0) return said->out;
  const std::string why = why_ssh_failed(said->err);
  throw Error(ExitStatus::not_handed_over,
              "--ssh-config: " + printable(who) + ' ' + describe_wait_status(said->status) +
                  (why.empty() ? "" : ": " + printable(why)));
}

std::string words_of(const Setting& setting, const std::string& why_unused) {
  return to_string(setting.place) + ": " + setting.key + " = " + printable(setting.values.front()) +
         (why_unused.empty() ? "" : " (not used: " + why_unused + ')') + '\n';
}

}  // namespace

std::string apply_ssh_configuration(const std::string& destination,
                                    const std::string& host,
                                    CommandLine& line,
                                    const std::function<bool(Needs)>& usable) {
  if (environment_variable({ssh_guard}))
    return "ssh's configuration: not asked for by its own Match\n";
  SshQuestion question = ask_as_parent();
  if (!destination.empty()) question.call.destination = destination;
  if (question.call.destination.empty()) question.call.destination = host;
  const std::string who = "ssh -G " + question.call.destination;
  std::string text;
  for (const Setting& setting : read_ssh_settings(ask(question, who), who))
    text += words_of(setting, line.preset(setting, usable));
  return text.empty() ? printable(who) + ": nothing to set\n" : text;
}

}  // namespace gladhand
