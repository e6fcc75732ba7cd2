// The values of HTTP's header fields, as far as CONNECT needs them.
#pragma once

#include <string_view>
#include <vector>

namespace gladhand {

/// Whether two words are the same without regard to the case of ASCII letters.
bool equal_words(std::string_view a, std::string_view b);

/// `text` without the blanks around it.
std::string_view trim(std::string_view text);

/// The elements of a comma-separated list, none of them empty; a comma in a quoted string separates
/// nothing [RFC 9110 §5.6].
std::vector<std::string_view> split_list(std::string_view value);

/// The schemes that a Proxy-Authenticate field offers: "Basic", "Digest" [RFC 9110 §11.3].
std::vector<std::string_view> challenge_schemes(std::string_view value);

}  // namespace gladhand
