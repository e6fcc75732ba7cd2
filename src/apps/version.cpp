#include "apps/version.hpp"

#include <ares.h>

#include <CLI/Version.hpp>
#include <asio/version.hpp>

#if GLADHAND_HAVE_IDN2
#include <idn2.h>
#endif

namespace gladhand {

namespace {

std::string asio_version() {
  return std::to_string(ASIO_VERSION / 100000) + '.' + std::to_string(ASIO_VERSION / 100 % 1000) +
         '.' + std::to_string(ASIO_VERSION % 100);
}

std::string idn_version() {
#if GLADHAND_HAVE_IDN2
  return std::string("libidn2 ") + IDN2_VERSION + " (runs with " + idn2_check_version(nullptr) +
         ')';
#else
  return "no libidn2: international names must be given as A-labels";
#endif
}

}  // namespace

std::string version_text(const std::string& program) {
  return program + " " GLADHAND_VERSION "\nAsio " + asio_version() +
         "\nc-ares " ARES_VERSION_STR " (runs with " + ares_version(nullptr) + ")" +
         "\nCLI11 " CLI11_VERSION "\n" + idn_version() +
         "\n" GLADHAND_COMPILER ", " GLADHAND_LINKAGE;
}

}  // namespace gladhand
