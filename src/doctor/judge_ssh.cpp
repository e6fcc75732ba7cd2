#include <algorithm>
#include <string_view>
#include <utility>

#include "base/words.hpp"
#include "doctor/finding.hpp"
#include "doctor/ssh_files.hpp"
#include "strategy/ssh_settings.hpp"

namespace gladhand {

namespace {

using Weight = Finding::Weight;

constexpr const char* fdpass = "ProxyUseFdpass";
constexpr const char* command = "ProxyCommand";

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1: it is a name
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// The shell's first word: the program.
std::string_view program_of(std::string_view text) {
  for (const std::string_view word : split_words(text))
    if (!has(word, "=") && word != "exec") return word;
  return {};
}

// Programs that are known to pass a descriptor; a script's inside nobody knows.
bool passes_descriptor(std::string_view text) {
  for (const char* name : {"gladhand", "ssh-proxy", "fdpass", "passfd", "wakessh"})
    if (has(text, name)) return true;
  const auto words = split_words(text);
  if (words.empty() || !file_name(words.front()).starts_with("nc")) return false;
  return std::ranges::any_of(
      words, [](std::string_view word) { return word.starts_with('-') && has(word, "F"); });
}

// A block that is for more than hosts that it names.
bool is_for_all(const SshLine& line) {
  if (line.block.empty()) return true;  // or it is Include's, wherever that stands
  if (line.block.starts_with("match")) return !has(line.block, "host");
  const auto patterns = split_words(line.block);
  return std::ranges::find(patterns, "*") != patterns.end();
}

class Judge {
 public:
  explicit Judge(const DoctorFacts& facts)
      : facts_(facts), ssh_(facts.ssh), lines_(read_ssh_lines(facts.ssh.files)) {}

  std::vector<Finding> judge() {
    if (!ssh_.failure.empty()) {
      add({.weight = Weight::problem,
           .code = "ssh-fails",
           .what = "ssh cannot tell its configuration for this host",
           .evidence = ssh_.failure,
           .remedy = "what it says is what every connection of its fails with"});
      return std::move(findings_);
    }
    const std::string jump = value("ProxyJump");
    const std::string proxy = value(command);
    if (!jump.empty()) {
      judge_jump(jump);
    } else if (proxy.empty()) {
      judge_absence();
    } else if (is_gladhand(proxy)) {
      judge_own(proxy);
    } else {
      judge_other(proxy);
    }
    judge_master();
    if (jump.empty() && is_on(fdpass)) {
      judge_others();
      judge_command_line();
    }
    return std::move(findings_);
  }

 private:
  // "" where ssh has no such line, or "none" or "no" stands there.
  std::string value(std::string_view keyword) const {
    const std::string text = ssh_value(ssh_.output, keyword).value_or("");
    return text == "none" || text == "no" || text == "false" ? "" : text;
  }

  bool is_on(std::string_view keyword) const { return value(keyword) == "yes"; }

  // "ProxyJump gate (~/.ssh/config:3)".
  std::string shown(std::string_view keyword, std::string_view text) const {
    const SshLine* line = find_ssh_line(lines_, keyword, text);
    return std::string(keyword) + ' ' + std::string(text) +
           (line == nullptr ? "" : " (" + line->place + ')');
  }

  void add(Finding finding) { findings_.push_back(std::move(finding)); }

  void judge_jump(const std::string& jump) {
    add({.weight = Weight::note,
         .code = "jump-host",
         .what = "ssh reaches this host through a jump host, and gladhand has no part in that hop",
         .evidence = shown("ProxyJump", jump),
         .remedy = "none is needed: gladhand may make the connection to the jump host, see "
                   "gladhand --doctor " +
                   jump.substr(0, jump.find(','))});
  }

  void judge_absence() {
    const bool is_there = std::ranges::any_of(lines_, [](const SshLine& line) {
      return line.keyword == "proxycommand" && is_gladhand(line.value);
    });
    add({.weight = Weight::problem,
         .code = "not-used",
         .what = "ssh connects to this host by itself, without gladhand",
         .evidence = is_there ? "the ProxyCommand of its files is for other hosts"
                              : "no ProxyCommand in what ssh has read",
         .remedy = "at the end of ~/.ssh/config:",
         .has_snippet = true});
  }

  void judge_own(const std::string& proxy) {
    if (!ssh_.missing_program.empty())
      add({.weight = Weight::problem,
           .code = "program-missing",
           .what = "the shell that ssh runs cannot start this ProxyCommand",
           .evidence = shown(command, proxy) + ": " + ssh_.missing_program,
           .remedy = "install it where PATH leads, or write its whole path:",
           .has_snippet = true});
    if (!ssh_.own_fault.empty())
      add({.weight = Weight::problem,
           .code = "options-wrong",
           .what = "gladhand does not take this ProxyCommand",
           .evidence = shown(command, proxy) + ": " + ssh_.own_fault,
           .remedy = "correct it; gladhand --help has the options"});
    if (!is_on(fdpass))
      add({.weight = Weight::problem,
           .code = "fdpass-missing",
           .what = "gladhand stays and carries every byte, since ssh takes no socket from it",
           .evidence = shown(fdpass, "no") + " beside " + shown(command, proxy),
           .remedy = "write ProxyUseFdpass yes below the ProxyCommand:",
           .has_snippet = true});
    judge_unheeded(proxy);
    judge_persistence(proxy);
  }

  // What ssh would do itself, and does not for a proxy command.
  void judge_unheeded(const std::string& proxy) {
    if (ssh_.is_obeyed || has(proxy, "--ssh-config")) return;
    std::string seen;
    for (const char* keyword : {"AddressFamily", "BindAddress", "BindInterface", "ConnectTimeout"})
      if (const std::string text = value(keyword); !text.empty() && text != "any")
        seen += (seen.empty() ? "" : ", ") + shown(keyword, text);
    if (seen.empty()) return;
    add({.weight = Weight::note,
         .code = "options-unheeded",
         .what = "ssh does not tell a ProxyCommand what is set here",
         .evidence = seen,
         .remedy = "let gladhand ask for it:",
         .has_snippet = true});
  }

  void judge_persistence(const std::string& proxy) {
    const std::string persist = value("ControlPersist");
    if (persist.empty() || value("ControlPath").empty() || has(proxy, "--log")) return;
    add({.weight = Weight::note,
         .code = "errors-hidden",
         .what = "with ControlPersist ssh throws the messages of its ProxyCommand away",
         .evidence = shown("ControlPersist", persist),
         .remedy = "keep them in the journal, where journalctl -t gladhand shows them:",
         .has_snippet = true});
  }

  void judge_other(const std::string& proxy) {
    if (!is_on(fdpass) || passes_descriptor(proxy)) {
      add({.weight = Weight::note,
           .code = "other-command",
           .what = "ssh uses another ProxyCommand for this host, not gladhand",
           .evidence = shown(command, proxy),
           .remedy = "if that is not meant, put gladhand's lines before it"});
      return;
    }
    add({.weight = Weight::problem,
         .code = "fdpass-harms",
         .what = "ssh waits for a socket that this ProxyCommand does not pass",
         .evidence = shown(command, proxy) + ", " + shown(fdpass, "yes"),
         .remedy = "write ProxyUseFdpass no beside that ProxyCommand"});
  }

  void judge_master() {
    if (!ssh_.has_master) return;
    add({.weight = Weight::note,
         .code = "master-runs",
         .what = "a master connection is there: ssh goes through it, and nothing is dialled",
         .evidence = shown("ControlPath", value("ControlPath")),
         .remedy = "ssh -O exit " + facts_.host + " ends it"});
  }

  // A stanza of the same files with a ProxyCommand of its own, and nothing about the descriptor.
  void judge_others() {
    const bool is_global = std::ranges::any_of(lines_, [](const SshLine& line) {
      return line.keyword == "proxyusefdpass" && line.value == "yes" && is_for_all(line);
    });
    if (!is_global) return;
    for (const SshLine& line : lines_) {
      if (line.keyword != "proxycommand" || line.value == "none" || is_for_all(line)) continue;
      if (passes_descriptor(line.value) || line.value == value(command)) continue;
      const bool says_so = std::ranges::any_of(lines_, [&line](const SshLine& other) {
        return other.block_number == line.block_number && other.keyword == "proxyusefdpass";
      });
      if (says_so) continue;
      add({.weight = Weight::problem,
           .code = "fdpass-harms-others",
           .what = "ssh will wait for a socket from a ProxyCommand that passes none",
           .evidence = line.place + ": " + line.block + ": ProxyCommand " + line.value,
           .remedy = "write ProxyUseFdpass no beside it"});
    }
  }

  // mosh and the tools of cloud machines bring theirs with -o.
  void judge_command_line() {
    if (ssh_value(ssh_.output_with_command, fdpass) != "yes") return;
    add({.weight = ssh_.has_mosh ? Weight::problem : Weight::note,
         .code = "fdpass-harms-mosh",
         .what = ssh_.has_mosh
                     ? "mosh, which is installed, brings a ProxyCommand that passes no socket"
                     : "programs that bring a ProxyCommand of their own, as mosh does, will fail",
         .evidence = shown(fdpass, "yes") + " holds beside -o ProxyCommand=...",
         .remedy = "make it hold for gladhand alone:",
         .has_snippet = true});
  }

  const DoctorFacts& facts_;
  const SshFacts& ssh_;
  std::vector<SshLine> lines_;
  std::vector<Finding> findings_;
};

// With more options behind the name of the program, and those that it has.
std::string command_with(const DoctorFacts& facts, const std::string& options) {
  const std::string text = ssh_value(facts.ssh.output, command).value_or("");
  if (!is_gladhand(text) || !facts.ssh.missing_program.empty())
    return facts.program + options + " -- %h %p";
  const std::string_view program = program_of(text);
  const auto end = static_cast<std::size_t>(program.data() - text.data()) + program.size();
  return text.substr(0, end) + options + text.substr(end);
}

bool is_found(const std::vector<Finding>& findings, std::string_view code) {
  return std::ranges::find(findings, code, &Finding::code) != findings.end();
}

}  // namespace

bool is_gladhand(std::string_view text) {
  return file_name(program_of(text)) == "gladhand";
}

std::vector<Finding> judge_ssh(const DoctorFacts& facts) {
  return Judge(facts).judge();
}

// The Match keeps it away from a ProxyCommand of ssh's command line.
std::string snippet_for(const DoctorFacts& facts) {
  std::string options;
  const std::vector<Finding> findings = judge_ssh(facts);
  if (is_found(findings, "options-unheeded")) options += " --ssh-config";
  if (is_found(findings, "errors-hidden")) options += " --log journal";
  return "Match !exec \"grep -Eqiz '^(-o)?proxycommand' /proc/$PPID/cmdline\"\n"
         "    ProxyCommand " +
         command_with(facts, options) +
         "\n"
         "    ProxyUseFdpass yes\n";
}

// ssh takes what it meets first: behind lines that hold already they would change nothing.
std::string place_of_snippet(const DoctorFacts& facts) {
  const std::vector<SshLine> lines = read_ssh_lines(facts.ssh.files);
  const auto place = [&](const char* keyword, const std::string& value) {
    const SshLine* line = find_ssh_line(lines, keyword, value);
    return line == nullptr || line->value != value ? "" : line->place;
  };
  const std::string text = ssh_value(facts.ssh.output, command).value_or("");
  const std::string of_command = is_gladhand(text) ? place(command, text) : "";
  if (is_found(judge_ssh(facts), "fdpass-harms-mosh"))
    if (const std::string of_fdpass = place(fdpass, "yes"); !of_fdpass.empty())
      return "in place of " + (of_command.empty() ? "" : of_command + " and ") + of_fdpass;
  if (!of_command.empty()) return "in place of " + of_command + ", or before its stanza";
  return "at the end of ~/.ssh/config";
}

}  // namespace gladhand
