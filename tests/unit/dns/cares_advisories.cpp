// Which versions of c-ares are known to have holes.
#include "dns/cares_advisories.hpp"

#include <doctest/doctest.h>

#include <string>

using gladhand::cares_advisories;
using gladhand::holds_for;

TEST_CASE("versions of c-ares, and what holds for them") {
  const auto holding = [](int version) {
    std::string names;
    for (const auto& advisory : cares_advisories)
      if (holds_for(advisory, version)) names += std::string(advisory.name) + ' ';
    return names;
  };
  const std::string last = "CVE-2026-33630 GHSA-jv8r-gqr9-68wj GHSA-pjmc-gx33-gc76 ";
  CHECK(holding(0x012208).empty());
  CHECK(holding(0x012207).empty());
  CHECK(holding(0x012206) == last);
  CHECK(holding(0x012205) == "CVE-2025-62408 " + last);
  CHECK(holding(0x012204) == "CVE-2025-31498 CVE-2025-62408 " + last);
  CHECK(holding(0x012003) == "CVE-2025-31498 CVE-2025-62408 " + last);
  CHECK(holding(0x012002) == last);
  CHECK(holding(0x011b00) == last);
  CHECK(holding(0x011a00) == "CVE-2024-25629 " + last);
  CHECK(holding(0x011301) == "CVE-2024-25629 " + last);
  CHECK(holding(0x011300) ==
        "CVE-2023-31124 CVE-2023-31130 CVE-2023-31147 CVE-2023-32067 CVE-2024-25629 " + last);
  CHECK(holding(0x011201).starts_with("CVE-2022-4904 CVE-2023-31124 "));
}
