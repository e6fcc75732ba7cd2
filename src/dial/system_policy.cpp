#include "dial/system_policy.hpp"

#include "sys/file.hpp"

namespace gladhand {

const PolicyTable& system_policy() {
  static const PolicyTable table = PolicyTable::from_gai_conf(read_file("/etc/gai.conf"));
  return table;
}

}  // namespace gladhand
