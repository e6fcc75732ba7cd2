// OutputFile: a report on its way to a file.
#pragma once

#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace gladhand {

class OutputFile {
 public:
  /// Opens `path`; "-" is stdout. What is at `path` stays until commit(), unless it is a device or
  /// a pipe. Throws UsageError that names `option` when it cannot be written.
  OutputFile(std::string path, std::string_view option);

  OutputFile(OutputFile&&) = default;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Removes what was written without commit().
  ~OutputFile();

  void write(std::string_view text);

  /// Puts the whole text in its place at once: no reader sees half of it. Throws Error when the
  /// text could not be written.
  void commit();

 private:
  void flush();
  [[noreturn]] void fail() const;

  std::string path_;
  std::string temporary_;  // empty: written in place
  UniqueFd fd_;
  std::string buffer_;
};

}  // namespace gladhand
