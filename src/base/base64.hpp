#pragma once

#include <string>
#include <string_view>

namespace gladhand {

/// `bytes` in base 64, padded [RFC 4648 §4].
std::string base64(std::string_view bytes);

}  // namespace gladhand
