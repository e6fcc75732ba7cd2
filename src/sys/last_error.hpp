// errno as an error code.
#pragma once

#include <cerrno>
#include <system_error>

namespace gladhand {

/// Why the last system call failed.
inline std::error_code last_error() {
  return {errno, std::system_category()};
}

}  // namespace gladhand
