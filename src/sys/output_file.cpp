#include "sys/output_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "gladhand/error.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

constexpr std::size_t buffer_size = 64 << 10;

std::optional<struct stat> status_of_link(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool is_stdout(const struct stat& file) {
  struct stat status {};
  return ::fstat(STDOUT_FILENO, &status) == 0 && is_same(file, status);
}

UniqueFd duplicate_of_stdout() {
  return UniqueFd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "./" : path.substr(0, slash + 1);
}

// Beside `target`, so that it can be renamed; nobody can be there first.
std::string unpredictable_name(const std::string& target) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), 0) != sizeof(number)) return "";
  char name[40];
  std::snprintf(name, sizeof(name), ".gladhand-%016llx", static_cast<unsigned long long>(number));
  return folder_of(target) + name;
}

std::string own_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace

OutputFile::OutputFile(std::string path, std::string_view option) : path_(std::move(path)) {
  try {
    open();
  } catch (const UsageError& error) {
    throw UsageError(std::string(option) + ": cannot write to " + in_quotes(path_) + ": " +
                     error.what());
  }
}

OutputFile::~OutputFile() {
  if (fd_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

// The UsageErrors of these hold the reason alone.
void OutputFile::open() {
  if (path_ == "-") {
    fd_ = duplicate_of_stdout();
  } else {
    std::string target = path_;
    auto there = status_of_link(target);
    if (there && S_ISLNK(there->st_mode)) open_link(target);
    there = status_of_link(target);
    if (!fd_ && there && !S_ISREG(there->st_mode)) {
      open_in_place(target);
    } else if (!fd_) {
      open_new(target);
    }
  }
  if (!fd_) throw UsageError(system_words(errno));
}

// What is no file behind a link (/dev/stdout, a shell's /dev/fd/63) is opened; a file's own path
// comes to be `target`. In a folder for all, somebody may have put the link there for us to fall
// over.
void OutputFile::open_link(std::string& target) {
  const auto link = status_of_link(target);
  UniqueFd end(::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  struct stat there {};
  if (!end || ::fstat(end.get(), &there) != 0) throw UsageError(system_words(errno));
  if (S_ISREG(there.st_mode) && is_stdout(there)) end = duplicate_of_stdout();
  if (!S_ISREG(there.st_mode) || is_stdout(there)) {
    fd_ = std::move(end);
    return;
  }
  if (!link || (link->st_uid != ::geteuid() && link->st_uid != 0))
    throw UsageError("it is a symbolic link of another user");
  const std::unique_ptr<char, void (*)(void*)> path(::realpath(target.c_str(), nullptr),
                                                    &std::free);
  if (!path) throw UsageError(system_words(errno));
  target = path.get();
}

void OutputFile::open_in_place(const std::string& target) {
  fd_ = UniqueFd(::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW));
  truncates_ = true;
}

// Without a name, where the system can do that: whatever ends the process leaves nothing behind.
void OutputFile::open_new(const std::string& target) {
  const auto old = status_of_link(target);
  const mode_t mode = old ? 0600 : 0666;
  fd_ = UniqueFd(::open(folder_of(target).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
  if (fd_ && ::access(own_path(fd_.get()).c_str(), F_OK) != 0) fd_ = UniqueFd();  // see commit()
  if (!fd_) {
    temporary_ = unpredictable_name(target);
    fd_ = UniqueFd(
        ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  }
  if (!fd_) {
    temporary_.clear();
    return;
  }
  replaces_ = target;
  if (!old) return;
  struct stat mine {};
  const bool is_known = ::fstat(fd_.get(), &mine) == 0;
  const bool is_owned = is_known && mine.st_uid == old->st_uid && mine.st_gid == old->st_gid;
  if ((is_owned || ::fchown(fd_.get(), old->st_uid, old->st_gid) == 0) &&
      ::fchmod(fd_.get(), old->st_mode & 0777) == 0)
    return;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
  replaces_.clear();
  open_in_place(target);
}

void OutputFile::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= buffer_size) flush();
}

void OutputFile::flush() {
  if (std::exchange(truncates_, false)) {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) fail();
    if (S_ISREG(status.st_mode) && ::ftruncate(fd_.get(), 0) != 0) fail();
  }
  if (!write_all(fd_.get(), buffer_)) fail();
  buffer_.clear();
}

void OutputFile::commit() {
  flush();
  if (!replaces_.empty() && temporary_.empty()) {
    std::string name = unpredictable_name(replaces_);
    const std::string self = own_path(fd_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) fail();
    temporary_ = std::move(name);
  }
  if (!replaces_.empty() && ::rename(temporary_.c_str(), replaces_.c_str()) != 0) fail();
  fd_ = UniqueFd();
}

void OutputFile::fail() const {
  throw Error(ExitStatus::not_handed_over,
              "cannot write to " + in_quotes(path_) + ": " + system_words(errno));
}

}  // namespace gladhand
