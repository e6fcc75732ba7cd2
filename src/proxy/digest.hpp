// Digest authentication [RFC 7616]: MD5 and SHA-256, with qop=auth or none.
#pragma once

#include <string>
#include <string_view>

#include "proxy/proxy.hpp"

namespace gladhand {

/// The challenge that is best answered: `known`, which may be empty, or a better one in the value
/// of a Proxy-Authenticate field. SHA-256 is better than MD5; what cannot be answered is not taken.
std::string better_digest(std::string known, std::string_view field);

/// The value of Proxy-Authorization for a challenge of better_digest(). `method` and `uri` are the
/// request's, `nonce` is the client's own part: new each time.
std::string answer_digest(std::string_view challenge,
                          const Credentials& credentials,
                          std::string_view method,
                          std::string_view uri,
                          std::string_view nonce);

}  // namespace gladhand
