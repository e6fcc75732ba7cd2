// Findings: what is wrong, by which evidence, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/facts.hpp"

namespace gladhand {

struct Finding {
  enum class Weight : std::uint8_t {
    problem,  ///< something does not work, or costs time
    note,     ///< is as somebody wanted it, perhaps, and good to know
  };

  Weight weight{};
  std::string code;      ///< for programs: "fdpass-missing"
  std::string what;      ///< one sentence without its full stop
  std::string evidence;  ///< a line of a file, what was measured
  std::string remedy;
  bool has_snippet = false;  ///< the lines of snippet_for() are the remedy, or part of it
};

/// Whether a ProxyCommand is this program.
bool is_gladhand(std::string_view command);

/// What ssh's configuration says of the host, and of others in the same files.
std::vector<Finding> judge_ssh(const DoctorFacts& facts);

/// config.toml, name servers, the other files about names, c-ares.
std::vector<Finding> judge_names(const DoctorFacts& facts);

/// What connecting came to.
std::vector<Finding> judge_network(const DoctorFacts& facts);

/// All of these, problems first.
std::vector<Finding> judge(const DoctorFacts& facts);

/// The lines of ssh_config(5) that fit.
std::string snippet_for(const DoctorFacts& facts);

/// Where they belong: "at the end of ~/.ssh/config".
std::string place_of_snippet(const DoctorFacts& facts);

/// One page: what was found, what to do, what was measured.
std::string page_of_findings(const DoctorFacts& facts, const std::vector<Finding>& findings);

/// The same as one JSON object on one line.
std::string json_of_findings(const DoctorFacts& facts, const std::vector<Finding>& findings);

}  // namespace gladhand
