#include "dns/idna.hpp"

#include <algorithm>

#include "gladhand/error.hpp"
#include "gladhand/target.hpp"

#if GLADHAND_HAVE_IDN2
#include <idn2.h>

#include <memory>
#endif

namespace gladhand {

namespace {

bool is_ascii(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

#if GLADHAND_HAVE_IDN2

std::string to_ascii(std::string_view name) {
  if (is_ascii(name)) return std::string(name);
  check_blanks(name);  // libidn2 has less to say about a blank
  char* converted = nullptr;
  const int status = idn2_to_ascii_8z(
      std::string(name).c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owner(converted, idn2_free);
  if (status != IDN2_OK)
    throw UsageError("host " + in_quotes(name) +
                     " is not a valid international name: " + idn2_strerror(status));
  return converted;
}

std::string to_unicode(std::string_view name) {
  if (name.find("xn--") == name.npos && name.find("XN--") == name.npos) return std::string(name);
  char* converted = nullptr;
  const int status = idn2_to_unicode_8z8z(std::string(name).c_str(), &converted, 0);
  const std::unique_ptr<char, void (*)(void*)> owner(converted, idn2_free);
  return status == IDN2_OK ? std::string(converted) : std::string(name);
}

#else

std::string to_ascii(std::string_view name) {
  if (is_ascii(name)) return std::string(name);
  throw UsageError("host " + in_quotes(name) + " is not ASCII, and this build has no libidn2",
                   "write the name as its A-label (xn--...)");
}

std::string to_unicode(std::string_view name) {
  return std::string(name);
}

#endif

}  // namespace gladhand
