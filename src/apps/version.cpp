#include "apps/version.hpp"

#include <ares.h>

#include <CLI/Version.hpp>
#include <asio/version.hpp>
#include <string>
#include <string_view>

#include "connect/tls_relay.hpp"
#include "dns/cares_advisories.hpp"

#if GLADHAND_HAVE_IDN2
#include <idn2.h>
#endif

namespace gladhand {

namespace {

#ifdef __GLIBC__
constexpr const char* c_library = "glibc";
#else
constexpr const char* c_library = "musl";
#endif

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

// Whether the distribution has patched the version that we were built with.
bool is_patched(std::string_view advisory, int version) {
  constexpr std::string_view patches = " " GLADHAND_CARES_PATCHES " ";
  return version == ARES_VERSION && patches.find(' ' + std::string(advisory) + ' ') != patches.npos;
}

std::string tls_program() {
  const std::string program = find_tls_program();
  return program.empty() ? "no gladhand-tls: no https:// proxies"
                         : "https:// proxies by " + printable(program);
}

struct Holes {
  std::string open;  // their names, a blank before each
  std::string patched;
};

Holes resolver_holes() {
  int version = 0;
  ares_version(&version);
  Holes holes;
  for (const CaresAdvisory& advisory : cares_advisories)
    if (holds_for(advisory, version))
      (is_patched(advisory.name, version) ? holes.patched : holes.open) +=
          ' ' + std::string(advisory.name);
  return holes;
}

std::string cares_version() {
  std::string text =
      "c-ares " ARES_VERSION_STR " (runs with " + std::string(ares_version(nullptr)) + ')';
  const auto [open, patched] = resolver_holes();
  if (!patched.empty()) text += "\n  patched by the distribution:" + patched;
  if (!open.empty()) text += "\n  known holes:" + open + "\n  (see SECURITY.md)";
  return text;
}

}  // namespace

std::string open_resolver_holes() {
  const std::string open = resolver_holes().open;
  return open.empty() ? "" : open.substr(1);
}

std::string version_text(const std::string& program) {
  return program + " " GLADHAND_VERSION "\nAsio " + asio_version() + '\n' + cares_version() +
         "\nCLI11 " CLI11_VERSION "\n" + idn_version() + "\n" GLADHAND_LIBMD "\n" + tls_program() +
         "\n" GLADHAND_COMPILER ", " GLADHAND_LINKAGE ", " + c_library;
}

}  // namespace gladhand
