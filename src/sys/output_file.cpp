#include "sys/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "gladhand/error.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

constexpr std::size_t buffer_size = 64 << 10;

bool is_replaceable(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

}  // namespace

OutputFile::OutputFile(std::string path, std::string_view option) : path_(std::move(path)) {
  if (path_ == "-") {
    fd_ = UniqueFd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  } else {
    if (is_replaceable(path_)) temporary_ = path_ + ".tmp" + std::to_string(::getpid());
    const std::string& target = temporary_.empty() ? path_ : temporary_;
    fd_ = UniqueFd(::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  }
  if (!fd_) {
    const std::string why = system_words(errno);
    temporary_.clear();
    throw UsageError(std::string(option) + ": cannot write to " + in_quotes(path_) + ": " + why);
  }
}

OutputFile::~OutputFile() {
  if (fd_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= buffer_size) flush();
}

void OutputFile::flush() {
  if (!write_all(fd_.get(), buffer_)) fail();
  buffer_.clear();
}

void OutputFile::commit() {
  flush();
  if (!temporary_.empty() && ::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
  fd_ = UniqueFd();
}

void OutputFile::fail() const {
  throw Error(ExitStatus::not_handed_over,
              "cannot write to " + in_quotes(path_) + ": " + system_words(errno));
}

}  // namespace gladhand
