// The command line of gladhand: one table, read by the parser, --help and the error texts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/option_table.hpp"
#include "connect/dial_with_retry.hpp"
#include "handover/choose_hand_over.hpp"
#include "names/host_and_port.hpp"

namespace gladhand {

/// What the command line asks for.
struct Settings {
  std::string host;
  std::string port;
  ConnectOptions dial;
  RetryPolicy retry;
  RouteOrder route_order = RouteOrder::in_order;
  std::vector<std::string> routes;    ///< in place of the target itself; empty: none
  std::optional<HandOver> hand_over;  ///< empty: as fds 0 and 1 have it
  bool verbose = false;
  bool quiet = false;
  bool explain = false;
  std::optional<std::string> trace_file;
  std::optional<std::string> log_file;
  std::optional<std::string> configuration;  ///< --config
  std::string tag;
  std::optional<std::string> ssh_configuration;  ///< --ssh-config; empty text: of the host
  bool doctor = false;
  bool json = false;  ///< of the doctor's page
  bool show_history = false;
  std::string forget_history;  ///< a host, or "all"
  bool check_configuration = false;
  bool print_configuration = false;
  std::vector<const OptionText*> given;  ///< options of the command line and of rules
  bool says_how = false;  ///< the command line has any that a rule could have, --timeout left out
  std::string configuration_failure;  ///< with --doctor: what is wrong with a file
  std::string explanation;            ///< which rules hold, and what they set
  std::string answer;                 ///< --help or --version: print this and do nothing else
};

/// ssh always gives a port. With --explain it is a person who types, and what they are used to.
HostAndPort host_and_port(const Settings& settings);

/// Reads the command line. Throws UsageError that says what is wrong with it.
Settings parse_command_line(int argc, const char* const* argv);

}  // namespace gladhand
