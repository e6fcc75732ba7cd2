// Files that tell this program what to do.
#pragma once

#include <optional>
#include <string>

namespace gladhand {

/// The content of a file that only its owner can write, who is root or we. Empty when there is no
/// such file, or it is not for us to read. Throws UsageError when others can write it, it is no
/// file, over 1 MiB, or cannot be read.
std::optional<std::string> read_trusted_file(const std::string& path);

}  // namespace gladhand
