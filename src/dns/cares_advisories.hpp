// What is known to be wrong with versions of c-ares, as its release notes have it. Where they name
// no first version, all before the fix count. cares_advisories.py reads the same table.
#pragma once

#include <string_view>

namespace gladhand {

/// Versions from `first` on and before `fixed` have it; as ARES_VERSION has them.
struct CaresAdvisory {
  std::string_view name;
  int first;
  int fixed;
};

inline constexpr CaresAdvisory cares_advisories[] = {
    {"CVE-2022-4904", 0x000000, 0x011300},        // sortlist of resolv.conf
    {"CVE-2023-31124", 0x000000, 0x011301},       // cross-built: query ids that can be guessed
    {"CVE-2023-31130", 0x000000, 0x011301},       // sortlist of resolv.conf
    {"CVE-2023-31147", 0x000000, 0x011301},       // no /dev/urandom: the same
    {"CVE-2023-32067", 0x000000, 0x011301},       // an empty datagram ends a query
    {"CVE-2024-25629", 0x000000, 0x011b00},       // a NUL in resolv.conf
    {"CVE-2025-31498", 0x012003, 0x012205},       // use after free, in reading answers
    {"CVE-2025-62408", 0x012003, 0x012206},       // the same
    {"CVE-2026-33630", 0x000000, 0x012207},       // use after free, ares_getaddrinfo() over TCP
    {"GHSA-jv8r-gqr9-68wj", 0x000000, 0x012207},  // memory for records that are not there
    {"GHSA-pjmc-gx33-gc76", 0x000000, 0x012207},  // time for pointers in names
};

constexpr bool holds_for(const CaresAdvisory& advisory, int version) {
  return advisory.first <= version && version < advisory.fixed;
}

}  // namespace gladhand
