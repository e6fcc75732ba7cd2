#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gladhand {

/// What precedes "://", where that is a scheme by its letters [RFC 3986 §3.1].
std::optional<std::string_view> url_scheme(std::string_view url);

/// `text` with every "%XX" as the octet it means. Empty where a '%' begins none.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace gladhand
