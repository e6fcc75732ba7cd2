#include "dns/target_environment.hpp"

#include <string>

namespace gladhand {

Environment target_environment(const Target& target) {
  const bool internet = target.kind == Target::Kind::internet;
  return {{"GLADHAND_HOST", target.host},
          {"GLADHAND_PORT", internet ? std::to_string(target.port) : target.service}};
}

}  // namespace gladhand
