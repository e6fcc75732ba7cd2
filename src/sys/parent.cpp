#include "sys/parent.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "base/unique_fd.hpp"
#include "sys/file.hpp"

namespace gladhand {

std::optional<ParentProcess> read_parent() {
  const std::string folder = "/proc/" + std::to_string(::getppid());
  char path[PATH_MAX];
  const ssize_t length = ::readlink((folder + "/exe").c_str(), path, sizeof(path));
  if (length <= 0) return std::nullopt;
  const UniqueFd fd(::open((folder + "/cmdline").c_str(), O_RDONLY | O_CLOEXEC));
  std::string words;
  if (!fd || !read_all(fd.get(), words)) return std::nullopt;
  ParentProcess parent{.program = std::string(path, static_cast<std::size_t>(length)),
                       .arguments = {}};
  for (std::size_t begin = 0; begin < words.size();) {
    const std::size_t end = std::min(words.find('\0', begin), words.size());
    parent.arguments.push_back(words.substr(begin, end - begin));
    begin = end + 1;
  }
  if (!parent.arguments.empty()) parent.arguments.erase(parent.arguments.begin());
  return parent;
}

}  // namespace gladhand
