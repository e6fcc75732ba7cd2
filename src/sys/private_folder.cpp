#include "sys/private_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "gladhand/error.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

constexpr std::size_t most = 1 << 16;  // of a file

Error because(const std::string& why) {
  return {ExitStatus::not_handed_over, why};
}

Error because(int error) {
  return because(system_words(error));
}

// Those who share it hold it for some microseconds.
bool take_lock(int fd, int lock) {
  constexpr int tries = 20;
  for (int i = 0; i < tries; ++i) {
    if (::flock(fd, lock | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  errno = EWOULDBLOCK;
  return false;
}

std::string fault_of(const struct stat& status, mode_t kind, mode_t forbidden) {
  if ((status.st_mode & S_IFMT) != kind) return "it is something else";
  if (status.st_uid != ::geteuid()) return "it belongs to another user";
  if ((status.st_mode & forbidden) != 0) return "others have access to it";
  return "";
}

bool make_with_parents(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != path.npos; at = path.find('/', at + 1))
    ::mkdir(path.substr(0, at).c_str(), 0700);
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

// In one write, so that what fails leaves little behind; the end of a longer text before it goes.
bool rewrite(int fd, const std::string& text) {
  const ssize_t written = ::pwrite(fd, text.data(), text.size(), 0);
  if (written >= 0 && static_cast<std::size_t>(written) != text.size()) errno = ENOSPC;
  return written == static_cast<ssize_t>(text.size()) &&
         ::ftruncate(fd, static_cast<off_t>(text.size())) == 0;
}

}  // namespace

Result<PrivateFolder> PrivateFolder::open(const std::string& path, Missing missing) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::open(path.c_str(), flags));
  if (!fd && errno == ENOENT && missing == Missing::is_made && make_with_parents(path))
    fd = UniqueFd(::open(path.c_str(), flags));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return because(in_quotes(path) + ": " + system_words(errno));
  const std::string fault = fault_of(status, S_IFDIR, S_IWGRP | S_IWOTH);
  if (!fault.empty()) return because(in_quotes(path) + ": " + fault);
  return PrivateFolder(std::move(fd));
}

// Who opened it may have met one that was removed before the lock was his: then there is none.
Result<UniqueFd> PrivateFolder::open_file(const std::string& name, int flags, int lock) const {
  constexpr int always = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  UniqueFd fd(::openat(fd_.get(), name.c_str(), flags | always, 0600));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return because(errno);
  const std::string fault = fault_of(status, S_IFREG, S_IRWXG | S_IRWXO);
  if (!fault.empty()) return because(name + ": " + fault);
  if (take_lock(fd.get(), lock)) return fd;
  return because(errno == EWOULDBLOCK ? name + ": others have it locked" : system_words(errno));
}

Result<std::string> PrivateFolder::read(const std::string& name) const {
  if (::faccessat(fd_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
    return std::string();
  const Result<UniqueFd> fd = open_file(name, O_RDONLY, LOCK_SH);
  if (!fd) return fd.error();
  std::string text;
  if (!read_all(fd->get(), text, most)) return because(errno);
  return text;
}

std::optional<Error> PrivateFolder::update(
    const std::string& name, const std::function<std::string(std::string)>& change) const {
  const Result<UniqueFd> fd = open_file(name, O_RDWR | O_CREAT, LOCK_EX);
  if (!fd) return fd.error();
  std::string before;
  if (!read_all(fd->get(), before, most)) {
    if (errno != EFBIG) return because(errno);
    before.clear();  // it is none of ours, and written anew
  }
  const std::string after = change(std::move(before));
  if (after.empty()) return remove(name);
  if (!rewrite(fd->get(), after)) return because(errno);
  return std::nullopt;
}

// Another process may take one away meanwhile.
Result<std::vector<PrivateFolder::File>> PrivateFolder::files() const {
  std::vector<File> files;
  UniqueFd again(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(again.get()), &::closedir);
  if (!folder) return because(errno);
  again.release();  // the DIR has it now
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr && errno != 0) return because(errno);
    if (entry == nullptr) return files;
    struct stat status {};
    if (::fstatat(fd_.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) return because(errno);
    } else if (S_ISREG(status.st_mode)) {
      files.push_back({entry->d_name, status.st_mtime});
    }
  }
}

std::optional<Error> PrivateFolder::remove(const std::string& name) const {
  if (::unlinkat(fd_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return std::nullopt;
  return because(errno);
}

}  // namespace gladhand
