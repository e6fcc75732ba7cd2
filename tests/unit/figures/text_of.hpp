// What a report writes, as one text.
#pragma once

#include <string>
#include <string_view>

namespace gladhand {

/// `write` is called with the sink that it is to write to.
template <typename Write>
std::string text_of(Write write) {
  std::string text;
  write([&text](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace gladhand
