// A whole file that the user named, waited for where it is a pipe.
#pragma once

#include <string>
#include <string_view>

namespace gladhand {

/// The content of `path`; "-" is stdin. Throws UsageError that names `option` when it cannot be
/// read, or is over 64 MiB.
std::string read_input(const std::string& path, std::string_view option);

}  // namespace gladhand
