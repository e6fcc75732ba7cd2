// Variables of the environment.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

namespace gladhand {

/// The value of the first of `names` that is set and not empty.
std::optional<std::string> environment_variable(std::initializer_list<const char*> names);

/// `path`, where "~/" at its begin leads home as a shell has it; as it is where there is no HOME.
std::string led_home(std::string path);

/// The value of a variable that is set and not empty; gone from the environment then, and wiped
/// where it was: neither programs that are run later nor /proc have it.
std::optional<std::string> take_environment_variable(const char* name);

}  // namespace gladhand
