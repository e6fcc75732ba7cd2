// The values of HTTP's header fields, as far as CONNECT needs them.
#pragma once

#include <string_view>
#include <vector>

namespace gladhand {

/// `text` without the blanks around it.
std::string_view trim(std::string_view text);

/// The name of "Name: value".
std::string_view field_name(std::string_view field);

/// The elements of a comma-separated list, none of them empty; a comma in a quoted string separates
/// nothing [RFC 9110 §5.6].
std::vector<std::string_view> split_list(std::string_view value);

/// The schemes that a Proxy-Authenticate field offers: "Basic", "Digest" [RFC 9110 §11.3].
std::vector<std::string_view> challenge_schemes(std::string_view value);

}  // namespace gladhand
