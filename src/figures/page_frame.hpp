// The page without its data, made from page/ by page/embed.py.
#pragma once

#include <string_view>

namespace gladhand {

extern const std::string_view page_before_data;
extern const std::string_view page_after_data;

}  // namespace gladhand
