// gladhand-tls: speaks TLS with one proxy for another program of ours, which has started it: bytes
// on fd 0, TLS on fd 1. The first line on fd 0 is how the handshake went, as hear_of_tls() reads
// it.

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>

#include "gladhand/error.hpp"
#include "sys/file.hpp"
#include "sys/poll_until.hpp"
#include "sys/privacy.hpp"
#include "tls/tls_carrier.hpp"
#include "tls/tls_session.hpp"

namespace gladhand {
namespace {

constexpr int plain = STDIN_FILENO;
constexpr int transport = STDOUT_FILENO;

bool is_socket(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

// Records of TLS begin with 20 to 23 [RFC 8446 §5.1].
std::optional<unsigned char> first_octet_of_no_tls() {
  unsigned char first = 0;
  const ssize_t seen = ::recv(transport, &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (seen != 1 || (first >= 20 && first <= 23)) return std::nullopt;
  return first;
}

std::string hexadecimal(unsigned char octet) {
  constexpr const char* digits = "0123456789abcdef";
  return {'0', 'x', digits[octet >> 4], digits[octet & 0x0f]};
}

// The line; nothing when nobody waits for it any more.
std::optional<std::string> shake_hands(TlsSession& session) {
  bool heard = false;
  for (;;) {
    const TlsSession::Step step = session.shake_hands();
    if (step == TlsSession::Step::done) return "";
    if (step != TlsSession::Step::wants_read && step != TlsSession::Step::wants_write) {
      const TlsFailure failure = session.failure();
      return failure.why + '\t' + failure.hint;
    }
    const bool wants_read = step == TlsSession::Step::wants_read;
    const short wanted = wants_read ? POLLIN : POLLOUT;
    std::array<pollfd, 2> ends = {pollfd{plain, POLLRDHUP, 0}, pollfd{transport, wanted, 0}};
    if (poll_until(ends, {}) < 0 || ends[0].revents != 0) return std::nullopt;
    if (!wants_read || heard) continue;
    heard = true;
    if (const auto octet = first_octet_of_no_tls()) return hexadecimal(*octet);
  }
}

// It has nothing to say any more, and must not keep a terminal, a pipe or a folder of the user's.
void let_go() {
  if (::chdir("/") != 0) return;
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDERR_FILENO);
  if (nothing > STDERR_FILENO) ::close(nothing);
}

void make_non_blocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// It lives as long as the connection, whatever becomes of the terminal and of who has started it.
int run(const std::string& name, const std::string& authorities) {
  ::setsid();
  make_non_blocking(plain);
  make_non_blocking(transport);
  TlsSession session(transport, name, authorities);
  const auto line = shake_hands(session);
  if (!line || !write_all(plain, *line + '\n') || !line->empty()) return 1;
  let_go();
  TlsCarrier(session, transport, plain).run();
  return 0;
}

int misused() {
  write_all(STDERR_FILENO, "gladhand-tls: is run by gladhand, for https:// proxies\n");
  return static_cast<int>(ExitStatus::usage);
}

}  // namespace
}  // namespace gladhand

int main(int argc, char** argv) {
  using namespace gladhand;
  std::signal(SIGPIPE, SIG_IGN);
  forbid_dumps();
  forbid_new_privileges();
  try {
    if (argc == 2 && std::string(argv[1]) == "--version") {
      print("gladhand-tls " GLADHAND_VERSION "\n" + TlsSession::library() + '\n');
      return 0;
    }
    if (argc < 2 || argc > 3 || !is_socket(plain) || !is_socket(transport)) return misused();
    return run(argv[1], argc == 3 ? argv[2] : "");
  } catch (const std::exception& error) {
    write_all(STDERR_FILENO, std::string("gladhand-tls: ") + error.what() + '\n');
    return static_cast<int>(ExitStatus::not_handed_over);
  }
}
