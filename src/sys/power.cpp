#include "sys/power.hpp"

#include <fcntl.h>

#include <filesystem>
#include <system_error>

#include "base/unique_fd.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

namespace fs = std::filesystem;

// The one word of a file of sysfs; empty where it has none, or cannot be read: supplies come and go.
std::string word_in(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd || !read_all(fd.get(), text)) return "";
  return text.substr(0, text.find('\n'));
}

}  // namespace

// The types are the kernel's, sysfs-class-power; a battery of the scope "Device" is a mouse's.
bool has_mains_power(const std::string& folder) {
  bool has_battery = false;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string type = word_in(it->path() / "type");
    const bool is_supply = type == "Mains" || type == "USB" || type == "Wireless";
    if (is_supply && word_in(it->path() / "online") == "1") return true;
    if (type == "Battery" && word_in(it->path() / "scope") != "Device") has_battery = true;
  }
  return !has_battery;
}

}  // namespace gladhand
