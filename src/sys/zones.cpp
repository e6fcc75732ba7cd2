#include "sys/zones.hpp"

#include <net/if.h>

#include "base/zone.hpp"

namespace gladhand {

namespace {

std::uint32_t index_of(const std::string& name) {
  return ::if_nametoindex(name.c_str());
}

std::string name_of(std::uint32_t index) {
  char name[IF_NAMESIZE];
  return ::if_indextoname(index, name) == nullptr ? "" : name;
}

}  // namespace

void use_system_zones() {
  use_zone_names({index_of, name_of});
}

}  // namespace gladhand
