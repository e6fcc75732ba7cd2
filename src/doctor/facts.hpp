// What is known of the set-up of one host: what ssh says of it, who was asked for its name, what
// became of connecting to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

struct TextFile {
  std::string path;
  std::string text;
};

struct SshFacts {
  std::string failure;              ///< why ssh could not be asked; empty: it was
  std::string output;               ///< of `ssh -G`
  std::string output_with_command;  ///< the same where its command line has a ProxyCommand, as
                                    ///< mosh's has; empty: not known
  std::vector<TextFile> files;      ///< that ssh has read, in this order
  std::string missing_program;      ///< why the one of ProxyCommand cannot be run; empty: it can
  std::string own_fault;    ///< why gladhand does not take that ProxyCommand; empty: it does
  bool has_master = false;  ///< something listens at its ControlPath
  bool is_obeyed = false;   ///< --ssh-config, by a rule perhaps
  bool has_mosh = false;    ///< mosh is installed
};

/// What one name server says of the host.
struct ServerFacts {
  struct Answer {
    AnswerStatus status{};
    Moment after{};
  };

  std::string server;
  std::optional<Answer> ipv6;  ///< to the AAAA question; empty: nothing in `patience`
  std::optional<Answer> ipv4;  ///< to the A question
  Moment patience{};
};

struct NameFacts {
  TextFile resolv_conf;
  TextFile gai_conf;
  std::vector<ServerFacts> servers;  ///< those that were asked, in the order of the file
  std::vector<std::string> modules;  ///< of nsswitch.conf that getent(1) has to be run for
  bool has_getent = true;
  bool no_aaaa = false;  ///< "options no-aaaa"
};

/// What became of connecting to one address.
struct AddressFacts {
  Family family{};
  std::string address;
  bool is_connected = false;
  std::string outcome;  ///< "connected", "refused", "no answer"
  Moment took{};
};

/// One family, dialled on its own.
struct FamilyFacts {
  Family family{};
  bool has_route = false;  ///< to the world
  std::vector<AddressFacts> addresses;
  std::string failure;  ///< why the dial has failed, one line; empty: it has not
};

struct DialFacts {
  std::string not_dialled;            ///< why; empty: it was
  std::vector<FamilyFacts> families;  ///< those that were dialled
  std::string gateway;                ///< of the first default route; empty: not known
};

struct DoctorFacts {
  std::string host;     ///< as the user has it
  std::string program;  ///< how a shell finds gladhand: its name, or a path
  SshFacts ssh;
  std::string configuration_failure;  ///< what is wrong with config.toml; empty: nothing
  NameFacts names;
  DialFacts dial;
  std::string resolver_holes;  ///< known ones of this c-ares, blanks between; empty: none
  std::optional<unsigned long> descriptor_limit;  ///< of this process
};

}  // namespace gladhand
