#include "apps/doctor.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/doctor_network.hpp"
#include "apps/routes.hpp"
#include "apps/ssh_configuration.hpp"
#include "apps/version.hpp"
#include "base/command_line.hpp"
#include "base/unique_fd.hpp"
#include "base/words.hpp"
#include "doctor/finding.hpp"
#include "gladhand/error.hpp"
#include "strategy/ssh_settings.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/program_output.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

// What ssh is to be asked about: [USER@]HOST, and the port where one was typed.
std::vector<std::string> destination_words(const Settings& settings) {
  std::vector<std::string> words;
  std::string_view user = settings.host;
  if (user.starts_with("ssh://")) user.remove_prefix(6);
  user =
      is_local(user) ? "" : user.substr(0, user.rfind('@') == user.npos ? 0 : user.rfind('@') + 1);
  const HostAndPort silent = settings.port.empty() && !is_local(settings.host)
                                 ? split_host(settings.host, "0")
                                 : HostAndPort{settings.host, settings.port};
  if (silent.port != "0" && !silent.port.empty()) words.insert(words.end(), {"-p", silent.port});
  words.insert(words.end(), {"--", std::string(user) + silent.host});
  return words;
}

Result<ProgramOutput> ask_ssh(const std::vector<std::string>& options,
                              const std::vector<std::string>& destination,
                              Clock::time_point deadline) {
  std::vector<std::string> words = {"ssh", "-G"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), destination.begin(), destination.end());
  return run_program(words, {{ssh_guard, "1"}}, deadline);
}

// The files that `ssh -v` says it reads, without those that are not for us to read.
std::vector<TextFile> files_of(std::string_view debug_lines) {
  constexpr std::string_view beginning = "debug1: Reading configuration data ";
  std::vector<TextFile> files;
  while (!debug_lines.empty()) {
    std::string_view line = debug_lines.substr(0, debug_lines.find('\n'));
    debug_lines.remove_prefix(std::min(line.size() + 1, debug_lines.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with(beginning)) continue;
    const std::string path(line.substr(beginning.size()));
    if (std::ranges::find(files, path, &TextFile::path) != files.end()) continue;
    files.push_back({path, ""});
    if (::access(path.c_str(), R_OK) == 0) files.back().text = read_file(path.c_str());
  }
  return files;
}

// The shell's first word of it, "~/" led home.
std::string missing_program_of(std::string_view command) {
  for (const std::string_view word : split_words(command)) {
    if (word == "exec" || word.find('=') != word.npos) continue;
    const std::string program = led_home(std::string(word));
    if (program.find_first_of("'\"$`\\") != program.npos) return "";  // only a shell knows
    const auto missing = missing_program(program);
    return missing ? missing->what() : "";
  }
  return "";
}

// The word that an argument of the command is for ssh, as far as the options depend on it.
std::string expand(std::string_view text, const HostAndPort& host) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '%' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '\0') {
      result += text[i];
      continue;
    }
    result += next == 'h' || next == 'n' ? host.host
              : next == 'p'              ? host.port
                                         : std::string(1, next);
    ++i;
  }
  return result;
}

// This program as a ProxyCommand has it: its settings, or why there are none; neither where only a
// shell knows the words.
struct OwnCommand {
  std::optional<Settings> settings;
  std::string fault;
};

OwnCommand read_own(const std::string& command, const HostAndPort& host) {
  if (!is_gladhand(command) || command.find_first_of("$`;|&<>*?(){}\n") != command.npos) return {};
  auto words = split_command(command);
  if (!words) return {};
  while (!words->empty() &&
         (words->front() == "exec" || words->front().find('=') != std::string::npos))
    words->erase(words->begin());
  std::vector<const char*> arguments;
  for (std::string& word : *words) {
    word = expand(word, host);
    if (word.starts_with('~') && !word.starts_with("~/")) return {};
    word = led_home(std::move(word));
    arguments.push_back(word.c_str());
  }
  try {
    Settings settings = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
    if (!settings.answer.empty()) return {};
    read_target(host_and_port(settings));
    settings.dial.before.clear();  // a look is no reason to run it
    return {std::move(settings), ""};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

// Whether a program takes connections at that Unix socket; one of a master that has died is there,
// but nobody does.
bool is_listening(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) return false;
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return fd &&
         ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// Where ssh would have this program connect to: its %h and %p.
HostAndPort dialled_host(const Settings& settings, const SshFacts& ssh) {
  HostAndPort host = host_and_port(settings);
  if (!ssh.failure.empty() || is_local(host.host)) return host;
  host.host = split_host(ssh_value(ssh.output, "Hostname").value_or(host.host), host.port).host;
  host.port = ssh_value(ssh.output, "Port").value_or(host.port);
  return host;
}

SshFacts find_ssh_facts(const Settings& settings, Clock::time_point deadline) {
  SshFacts facts;
  const std::vector<std::string> destination = destination_words(settings);
  const auto said = ask_ssh({"-v"}, destination, deadline);
  if (!said) {
    facts.failure = said.error().what();
    return facts;
  }
  if (said->status != 0) {
    facts.failure =
        "ssh -G " + describe_wait_status(said->status) + ": " + why_ssh_failed(said->err);
    return facts;
  }
  facts.output = said->out;
  facts.files = files_of(said->err);
  facts.missing_program = missing_program_of(ssh_value(said->out, "ProxyCommand").value_or(""));
  const auto beside = ask_ssh({"-oProxyCommand=/bin/false"}, destination, deadline);
  if (beside && beside->status == 0) facts.output_with_command = beside->out;
  facts.is_obeyed = settings.ssh_configuration.has_value();
  facts.has_mosh = !missing_program("mosh");
  const std::string path = ssh_value(said->out, "ControlPath").value_or("none");
  facts.has_master = path != "none" && is_listening(path);
  return facts;
}

// How a shell that ssh runs finds this very program, or one of its name.
std::string program_name() {
  if (!missing_program("gladhand")) return "gladhand";
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "gladhand";
}

std::optional<unsigned long> descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return limit.rlim_cur;
}

}  // namespace

ExitStatus run_doctor(const Settings& settings) {
  const auto deadline = Clock::now() + settings.dial.race.timeout;
  DoctorFacts facts;
  facts.host = settings.host;
  facts.program = program_name();
  facts.ssh = find_ssh_facts(settings, deadline);
  const HostAndPort host = dialled_host(settings, facts.ssh);
  OwnCommand own;
  if (settings.configuration_failure.empty() && facts.ssh.missing_program.empty())
    own = read_own(ssh_value(facts.ssh.output, "ProxyCommand").value_or(""), host);
  facts.ssh.own_fault = own.fault;
  facts.configuration_failure = settings.configuration_failure;
  facts.resolver_holes = open_resolver_holes();
  facts.descriptor_limit = descriptor_limit();
  const std::string jump = ssh_value(facts.ssh.output, "ProxyJump").value_or("none");
  if (jump != "none") {
    facts.dial.not_dialled = "not looked at, a jump host makes the connection";
  } else {
    const bool as_ssh_has_it = own.settings && !settings.says_how;
    find_network_facts(as_ssh_has_it ? *own.settings : settings, host, deadline, facts);
  }
  const std::vector<Finding> findings = judge(facts);
  print(settings.json ? json_of_findings(facts, findings) : page_of_findings(facts, findings));
  const bool is_fine =
      std::ranges::find(findings, Finding::Weight::problem, &Finding::weight) == findings.end();
  return is_fine ? ExitStatus::handed_over : ExitStatus::problems_found;
}

}  // namespace gladhand
