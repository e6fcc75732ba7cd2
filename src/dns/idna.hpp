// Internationalised host names.
#pragma once

#include <string>
#include <string_view>

namespace gladhand {

/// `name` with its non-ASCII labels as A-labels [RFC 5891]; an ASCII name comes back as it is.
/// Throws UsageError for what is no valid name, or when this build has no libidn2.
std::string to_ascii(std::string_view name);

/// The opposite: `name` with its A-labels as people write them. What is none, and every name in a
/// build without libidn2, comes back as it is.
std::string to_unicode(std::string_view name);

}  // namespace gladhand
