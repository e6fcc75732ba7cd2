#include "sys/environment.hpp"

#include <cstdlib>
#include <cstring>

namespace gladhand {

std::optional<std::string> environment_variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return std::nullopt;
}

std::string led_home(std::string path) {
  if (!path.starts_with("~/")) return path;
  if (const auto home = environment_variable({"HOME"})) path.replace(0, 1, *home);
  return path;
}

std::optional<std::string> take_environment_variable(const char* name) {
  std::optional<std::string> taken;
  for (char* value = std::getenv(name); value != nullptr; value = std::getenv(name)) {
    if (!taken && *value != '\0') taken = value;
    ::explicit_bzero(value, std::strlen(value));
    ::unsetenv(name);
  }
  return taken;
}

}  // namespace gladhand
