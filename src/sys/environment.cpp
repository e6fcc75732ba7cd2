#include "sys/environment.hpp"

#include <cstdlib>

namespace gladhand {

std::optional<std::string> environment_variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return std::nullopt;
}

}  // namespace gladhand
