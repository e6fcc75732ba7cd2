// PrivateFolder: small files of one user's, which many processes read and change at once.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace gladhand {

/// Files are 0600 and rewritten in place under flock(2): nothing is renamed, because that makes
/// ext4 write to the disk at once, and nothing is synced. After a crash of the system a file may
/// hold anything: what is read is to be checked. No lock is waited for longer than two
/// milliseconds, no symbolic link is followed, and nothing of another user's is used. Errors are
/// not_handed_over, and their text is the reason alone.
class PrivateFolder {
 public:
  struct File {
    std::string name;
    std::time_t changed = 0;
  };

  enum class Missing : std::uint8_t { is_error, is_made };

  /// Opens the folder at `path`; made, with its parents, for its owner alone where it may be.
  static Result<PrivateFolder> open(const std::string& path, Missing missing);

  /// What the file holds; empty when it is not there.
  Result<std::string> read(const std::string& name) const;

  /// Replaces what the file holds (nothing when it is not there) by what `change` makes of it. An
  /// empty text removes the file. Between the two no other process reads or changes it.
  std::optional<Error> update(const std::string& name,
                              const std::function<std::string(std::string)>& change) const;

  Result<std::vector<File>> files() const;

  std::optional<Error> remove(const std::string& name) const;

 private:
  explicit PrivateFolder(UniqueFd fd) : fd_(std::move(fd)) {}

  Result<UniqueFd> open_file(const std::string& name, int flags, int lock) const;

  UniqueFd fd_;
};

}  // namespace gladhand
