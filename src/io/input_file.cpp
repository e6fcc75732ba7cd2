#include "input_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "gladhand/error.hpp"
#include "unique_fd.hpp"

namespace gladhand {

std::string read_input(const std::string& path, std::string_view option) {
  constexpr std::size_t largest = 64 << 20;
  const auto cannot = [&path, option](const std::string& why) {
    return UsageError(std::string(option) + ": cannot read " + in_quotes(path) + ": " + why);
  };
  const auto reason = [] { return std::error_code(errno, std::system_category()).message(); };
  const UniqueFd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw cannot(reason());
  std::string text;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw cannot(reason());
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > largest) throw cannot("it is too long");
  }
}

}  // namespace gladhand
