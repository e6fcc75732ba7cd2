// OutputFile: a report on its way to a file.
#pragma once

#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace gladhand {

class OutputFile {
 public:
  /// Opens `path`; "-" is stdout. What is at `path` stays until commit(), unless it is a device or
  /// a pipe, or a file whose owner could not be kept: those are written in place. A symbolic link
  /// to a file is followed if this user or root has made it. Throws UsageError that names `option`
  /// when it cannot be written.
  OutputFile(std::string path, std::string_view option);

  OutputFile(OutputFile&&) = default;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Removes what was written without commit().
  ~OutputFile();

  void write(std::string_view text);

  /// Puts the whole text in its place at once: no reader sees half of it. The mode and the owner of
  /// the file that was there are kept. Throws Error when the text could not be written.
  void commit();

 private:
  void open();
  void open_link(std::string& target);
  void open_in_place(const std::string& target);
  void open_new(const std::string& target);
  void flush();
  [[noreturn]] void fail() const;

  std::string path_;       // as messages have it
  std::string replaces_;   // what commit() puts the text in place of; empty: written in place
  std::string temporary_;  // its name until then; empty: it has none, and is gone with the process
  bool truncates_ = false;
  UniqueFd fd_;
  std::string buffer_;
};

}  // namespace gladhand
