// gladhand-recv: run a command that passes a socket, as ssh would; show the socket or use it.

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include "apps/last_words.hpp"
#include "apps/recv_options.hpp"
#include "base/socket_facts.hpp"
#include "gladhand/error.hpp"
#include "handover/handover.hpp"
#include "handover/receive.hpp"
#include "handover/relay.hpp"
#include "handover/ucspi.hpp"
#include "report/socket_report.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/read_socket_facts.hpp"
#include "sys/zones.hpp"

namespace gladhand {
namespace {

// How SIGPIPE was when we came: PROGRAM gets it back.
using SignalHandler = void (*)(int);

// ssh would take anything; but nobody can speak over a socket without a peer.
void require_connection(const SocketFacts& facts) {
  if (facts.peer) return;
  throw Error(
      ExitStatus::not_handed_over,
      "the socket that COMMAND passed has no peer: it is " + std::string(to_string(facts.state)));
}

[[noreturn]] void exec(const RecvSettings& settings,
                       const SocketFacts& facts,
                       int socket,
                       SignalHandler on_broken_pipe) {
  for (const auto& [name, value] : ucspi_environment(facts)) {
    if (value) {
      ::setenv(name.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name.c_str());
    }
  }
  make_blocking(socket);  // few programs expect otherwise, but nc -F leaves its socket so
  ::dup2(socket, STDIN_FILENO);
  ::dup2(socket, STDOUT_FILENO);
  std::signal(SIGPIPE, on_broken_pipe);
  std::signal(SIGXFSZ, SIG_DFL);
  throw Error(become_program(settings.program));
}

void carry(UniqueFd socket, const SocketFacts& facts) {
  if (facts.type != SOCK_STREAM)
    throw Error(ExitStatus::not_handed_over,
                "--relay carries bytes over stream sockets only; COMMAND passed a " +
                    type_text(facts.type) + " one");
  const RelayEnd end =
      relay(std::move(socket), STDIN_FILENO, STDOUT_FILENO, address_text(*facts.peer));
  if (end.failure) throw Error(*end.failure);
}

void run(const RecvSettings& settings, SignalHandler on_broken_pipe) {
  Received received = receive(settings.command, settings.timeout);
  const int fd = received.descriptor.get();
  if (const std::string kind = kind_of_no_socket(fd); !kind.empty())
    throw Error(ExitStatus::not_handed_over, "what COMMAND passed is no socket but " + kind);
  const SocketFacts facts = socket_facts(fd);
  const bool used = settings.relay || !settings.program.empty();
  if (used) require_connection(facts);
  if (!settings.program.empty()) exec(settings, facts, fd, on_broken_pipe);
  if (settings.relay) return carry(std::move(received.descriptor), facts);
  print(settings.json ? socket_json(facts, received.wait_status)
                      : socket_text(facts, describe_wait_status(received.wait_status)));
}

int fail(const Error& error) {
  write_all(STDERR_FILENO, error_lines("gladhand-recv", error));
  return static_cast<int>(error.status());
}

}  // namespace
}  // namespace gladhand

int main(int argc, char** argv) {
  using namespace gladhand;
  end_in_order("gladhand-recv");
  use_system_zones();
  const SignalHandler on_broken_pipe = std::signal(SIGPIPE, SIG_IGN);
  try {
    open_standard_descriptors();
    const RecvSettings settings = parse_recv_command_line(argc, argv);
    if (settings.answer.empty()) {
      run(settings, on_broken_pipe);
    } else {
      print(settings.answer);
    }
    return static_cast<int>(ExitStatus::handed_over);
  } catch (const std::exception& error) {
    return fail(to_error(error));
  }
}
