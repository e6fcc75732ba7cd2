#include "sys/trusted_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw UsageError(printable(path) + ": " + why);
}

[[noreturn]] void fail_to_read(const std::string& path) {
  throw Error(ExitStatus::not_handed_over,
              "cannot read " + in_quotes(path) + ": " + system_words(errno));
}

}  // namespace

std::optional<std::string> read_trusted_file(const std::string& path) {
  constexpr std::size_t most = 1 << 20;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const bool nothing_there =
      errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ENAMETOOLONG;
  if (!fd && nothing_there) return std::nullopt;
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) fail_to_read(path);
  if (!S_ISREG(status.st_mode)) refuse(path, "it is no file");
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    refuse(path, "it belongs to another user, and is not used");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    refuse(path, "others can write it, and it is not used");
  std::string text;
  if (read_all(fd.get(), text, most)) return text;
  if (errno == EFBIG) refuse(path, "it is over 1 MiB");
  fail_to_read(path);
}

}  // namespace gladhand
