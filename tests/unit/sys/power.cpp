#include "sys/power.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "temporary_folder.hpp"

namespace gladhand {
namespace {

// As the kernel has them: a folder each, a file a property.
class Supplies {
 public:
  void set(const std::string& supply, const std::map<std::string, std::string>& properties) const {
    std::filesystem::create_directories(top_.path() + '/' + supply);
    for (const auto& [name, value] : properties)
      std::ofstream(top_.path() + '/' + supply + '/' + name) << value << '\n';
  }

  bool mains() const { return has_mains_power(top_.path()); }

 private:
  TemporaryFolder top_;
};

}  // namespace

TEST_CASE("a machine without a battery has mains power") {
  const Supplies supplies;
  CHECK(has_mains_power("/nowhere"));
  CHECK(supplies.mains());
  supplies.set("hidpp_battery_0", {{"type", "Battery"}, {"scope", "Device"}});  // a mouse's
  CHECK(supplies.mains());
  supplies.set("empty", {});
  CHECK(supplies.mains());
}

TEST_CASE("one with a battery has it where a supply is on line") {
  const Supplies supplies;
  supplies.set("BAT0", {{"type", "Battery"}, {"status", "Discharging"}});
  CHECK(!supplies.mains());
  supplies.set("AC", {{"type", "Mains"}, {"online", "0"}});
  CHECK(!supplies.mains());
  supplies.set("AC", {{"type", "Mains"}, {"online", "1"}});
  CHECK(supplies.mains());
  supplies.set("AC", {{"type", "Mains"}, {"online", "0"}});
  supplies.set("ucsi-source-psy-USBC000:001", {{"type", "USB"}, {"online", "1"}});
  CHECK(supplies.mains());
}

}  // namespace gladhand
