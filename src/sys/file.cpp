#include "sys/file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "gladhand/error.hpp"
#include "sys/poll_until.hpp"

namespace gladhand {

namespace {

// A file that is not there has nothing to say. One that is, and that we cannot read, may say what
// matters: which address is this host's, for example.
bool errno_means_no_file() {
  return errno == ENOENT || errno == ENOTDIR;
}

Error cannot_read(const char* path) {
  return Error(ExitStatus::not_handed_over,
               "cannot read " + in_quotes(path) + ": " + system_words(errno));
}

}  // namespace

bool read_all(int fd, std::string& text, std::size_t limit) {
  constexpr std::size_t least = 512;
  struct stat status {};
  const bool is_file = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<std::size_t>(is_file ? status.st_size : 0);
  // Room for all of it and for seeing its end; what does not say its size, as /proc's, doubles.
  text.reserve(text.size() + std::clamp(size + 1, 2 * least, std::max(limit, 2 * least)));
  for (;;) {
    const std::size_t before = text.size();
    const std::size_t room = text.capacity() - before;
    const std::size_t step = room > 0 ? room : least;
    text.resize(before + step);  // no copy of what may be a password is left on the stack
    const ssize_t got = ::read(fd, text.data() + before, step);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    if (text.size() > limit) {
      errno = EFBIG;
      return false;
    }
  }
}

std::string read_file(const char* path) {
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  if ((!fd || !read_all(fd.get(), text)) && !errno_means_no_file()) throw cannot_read(path);
  return text;
}

void read_lines(const char* path, const std::function<void(std::string_view)>& use) {
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && !errno_means_no_file()) throw cannot_read(path);
  constexpr std::size_t most = 65536;  // for a line that is longer it grows, too
  std::string text(2048, '\0');
  std::size_t size = 0;  // of what begins a line whose end has not come yet
  while (fd) {
    if (size == text.size()) text.resize(2 * size);
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) break;
    if (got > 0) size += static_cast<std::size_t>(got);
    if (size > usual_limit) errno = EFBIG;
    if (got < 0 || size > usual_limit) throw cannot_read(path);
    const std::size_t lines = std::string_view(text.data(), size).rfind('\n') + 1;
    if (lines == 0) continue;
    use({text.data(), lines});
    const bool filled = size == text.size();
    size -= lines;
    std::memmove(text.data(), text.data() + lines, size);
    if (filled && text.size() < most) text.resize(2 * text.size());
  }
  if (size > 0) use({text.data(), size});
}

std::string read_input(const std::string& path, std::string_view option, std::size_t limit) {
  const UniqueFd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (fd && read_all(fd.get(), text, limit)) return text;
  throw UsageError(std::string(option) + ": cannot read " + in_quotes(path) + ": " +
                   (errno == EFBIG ? "it is too long" : system_words(errno)));
}

UniqueFd open_for_append(const std::string& path, std::string_view option) {
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
  UniqueFd fd(::open(path.c_str(), flags, 0600));
  if (fd) return fd;
  throw UsageError(std::string(option) + ": cannot open " + in_quotes(path) + ": " +
                   system_words(errno));
}

namespace {

// What is ready takes this much: a socket says so itself, a pipe has room for PIPE_BUF bytes.
ssize_t write_part(int fd, std::string_view text) {
  const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno == EAGAIN || errno == EINTR || errno == EPIPE) return sent;
  return ::write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

}  // namespace

bool write_in_time(int fd, std::string_view text, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!text.empty()) {
    pollfd entry{fd, POLLOUT, 0};
    const int ready = poll_until({&entry, 1}, deadline);
    if (ready == 0 || (ready > 0 && (entry.revents & POLLOUT) == 0)) return false;
    const ssize_t written = write_part(fd, text);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void print(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return;
  throw Error(ExitStatus::not_handed_over,
              "cannot write to standard output: " + system_words(errno));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace gladhand
