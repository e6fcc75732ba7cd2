#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "base/zone.hpp"

// The machine of these tests has two interfaces, whatever the one they run on has.
int main(int argc, char** argv) {
  gladhand::use_zone_names({[](const std::string& name) {
                              return name == "lo" ? 1U : name == "eth0" ? 2U : 0U;
                            },
                            [](std::uint32_t index) {
                              return std::string(index == 1 ? "lo" : index == 2 ? "eth0" : "");
                            }});
  return doctest::Context(argc, argv).run();
}
