// nsswitch.conf(5): which modules the system's resolver asks for a host, and what of that order
// gladhand asks itself. Texts in, values out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gladhand {

/// How a module ends, in nsswitch.conf(5)'s words.
enum class NssStatus : std::uint8_t { success, notfound, unavail, tryagain };

/// A module of a `hosts:` line.
struct NssModule {
  std::string name;
  std::array<bool, 4> ends = {
      true, false, false, false};  ///< by NssStatus: nothing behind is asked

  bool ends_on(NssStatus status) const { return ends[static_cast<std::size_t>(status)]; }
};

/// The modules of the last `hosts:` line of an nsswitch.conf(5), in order; "files dns" where there
/// is none. An action that cannot be read counts for nothing.
std::vector<NssModule> parse_nsswitch(std::string_view text);

/// Who may be asked for names.
enum class NameRules : std::uint8_t {
  automatic,  ///< the hosts file and the DNS first, the rest of nsswitch.conf where they have
              ///< failed
  dns,        ///< the hosts file and the DNS alone
  system,     ///< the system's own resolver, about everything
};

/// One of those who are asked for a name.
struct NameStep {
  enum class Kind : std::uint8_t {
    files,     ///< the hosts file
    dns,       ///< name servers
    mdns,      ///< multicast on the link: Avahi, else systemd-resolved, else a question of our own
    resolved,  ///< systemd-resolved, for what its stub of a name server does not take
    module,    ///< one of nsswitch.conf's that only the C library can load
    system,    ///< the C library, with all of its modules
    command,   ///< a program of the user's
  };

  Kind kind{};
  NssModule module{};  ///< what the line says of it; the name is that of a Kind::module
};

/// Who is asked for a name, in order, until one has it.
struct NamePlan {
  bool files_first = true;  ///< before `steps`, and before any question
  std::vector<NameStep> steps;
  std::vector<std::string> unasked;  ///< modules of the line that are in no step
};

/// What makes a name one that some are asked about and others not.
struct NameTraits {
  bool is_local = false;   ///< below .local [RFC 6762 §3]
  bool is_single = false;  ///< one label and no dot
  bool has_stub = false;   ///< resolv.conf names systemd-resolved's stub
};

/// Plans it. In the order of the line, but for modules that only the C library can load: those come
/// behind the DNS, unless the line would not go on to the DNS when they say no.
NamePlan plan_names(const NameTraits& name, const std::vector<NssModule>& line, NameRules rules);

}  // namespace gladhand
