// Variables of the environment.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

namespace gladhand {

/// The value of the first of `names` that is set and not empty.
std::optional<std::string> environment_variable(std::initializer_list<const char*> names);

}  // namespace gladhand
