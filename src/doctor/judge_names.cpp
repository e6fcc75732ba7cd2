#include <algorithm>
#include <optional>
#include <utility>

#include "base/duration.hpp"
#include "doctor/finding.hpp"
#include "doctor/ssh_files.hpp"

namespace gladhand {

namespace {

using Weight = Finding::Weight;

bool is_told(const std::optional<ServerFacts::Answer>& answer) {
  return answer && answer->status != AnswerStatus::no_answer;
}

bool has_said(const std::optional<ServerFacts::Answer>& answer) {
  return is_told(answer) && answer->status != AnswerStatus::server_failure &&
         answer->status != AnswerStatus::bad_answer;
}

bool is_silent(const ServerFacts& server) {
  return !is_told(server.ipv6) && !is_told(server.ipv4);
}

std::string silence_of(const ServerFacts& server) {
  return server.server + " says nothing in " + to_string(server.patience);
}

// The line of resolv.conf that has the server; one of --dns-server is in none.
std::string place_of(const NameFacts& names, const std::string& server) {
  unsigned number = 0;
  std::string_view rest = names.resolv_conf.text;
  while (!rest.empty()) {
    ++number;
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with("nameserver") && line.find(server) != line.npos)
      return " (" + names.resolv_conf.path + ':' + std::to_string(number) + ')';
  }
  return "";
}

void judge_servers(const NameFacts& names, std::vector<Finding>& findings) {
  const auto& servers = names.servers;
  if (servers.empty()) return;
  const auto working = std::ranges::find_if_not(servers, is_silent);
  if (working == servers.end()) {
    std::string seen;
    for (const ServerFacts& server : servers)
      seen += (seen.empty() ? "" : ", ") + silence_of(server) + place_of(names, server.server);
    findings.push_back({.weight = Weight::problem,
                        .code = "name-servers-dead",
                        .what = "no name server answers",
                        .evidence = seen,
                        .remedy = "correct the nameserver lines, or whoever writes them; "
                                  "--dns-server ADDR asks another one"});
    return;
  }
  for (const ServerFacts& server : servers) {
    if (!is_silent(server)) continue;
    const bool is_first = &server == &servers.front();
    findings.push_back(
        {.weight = is_first ? Weight::problem : Weight::note,
         .code = is_first ? "first-name-server-dead" : "name-server-dead",
         .what = is_first ? "the first name server is dead, and everybody asks it first"
                          : "a name server is dead",
         .evidence = silence_of(server) + place_of(names, server.server) + ", while " +
                     working->server + " answers",
         .remedy = "take its line out; it costs gladhand 250 ms a name, other programs 5 s"});
  }
}

void judge_questions(const NameFacts& names, std::vector<Finding>& findings) {
  for (const ServerFacts& server : names.servers) {
    if (has_said(server.ipv6) || !has_said(server.ipv4)) continue;
    const std::string how = is_told(server.ipv6)
                                ? "fails on it"
                                : "says nothing to it in " + to_string(server.patience);
    findings.push_back({.weight = Weight::problem,
                        .code = "aaaa-dropped",
                        .what = "a name server, or a firewall before it, drops AAAA questions",
                        .evidence = server.server + place_of(names, server.server) + ' ' + how +
                                    ", but answers the A question in " +
                                    to_string(server.ipv4->after),
                        .remedy = "use another server; it costs gladhand 50 ms a name. Where there "
                                  "is no IPv6 anyway write \"options no-aaaa\" in resolv.conf"});
  }
}

void judge_files(const NameFacts& names, std::vector<Finding>& findings) {
  if (names.no_aaaa)
    findings.push_back({.weight = Weight::note,
                        .code = "no-aaaa",
                        .what = "names are not asked for IPv6 addresses",
                        .evidence = "options no-aaaa in " + names.resolv_conf.path,
                        .remedy = "take it out where there is IPv6"});
  const std::string place = find_place(names.gai_conf, {"precedence", "label", "scopev4"});
  if (!place.empty())
    findings.push_back({.weight = Weight::note,
                        .code = "gai-conf",
                        .what = "the order of addresses is not the usual one",
                        .evidence = place,
                        .remedy = "gladhand obeys it, as other programs do; "
                                  "--explain shows the order"});
  if (names.modules.empty() || names.has_getent) return;
  std::string modules;
  for (const std::string& module : names.modules) modules += (modules.empty() ? "" : ", ") + module;
  findings.push_back({.weight = Weight::problem,
                      .code = "modules-unasked",
                      .what = "modules of nsswitch.conf cannot be asked for the name",
                      .evidence = modules + ": there is no getent(1) to ask them with",
                      .remedy = "install it (libc-bin), or take them out of the hosts line"});
}

}  // namespace

std::vector<Finding> judge_names(const DoctorFacts& facts) {
  std::vector<Finding> findings;
  if (!facts.configuration_failure.empty())
    findings.push_back({.weight = Weight::problem,
                        .code = "configuration",
                        .what = "gladhand's own file is not right, and every dial ends with that",
                        .evidence = facts.configuration_failure,
                        .remedy = "correct it; gladhand --check-config says when it is good"});
  judge_servers(facts.names, findings);
  judge_questions(facts.names, findings);
  judge_files(facts.names, findings);
  if (!facts.resolver_holes.empty())
    findings.push_back({.weight = Weight::note,
                        .code = "old-c-ares",
                        .what = "this c-ares has known holes",
                        .evidence = facts.resolver_holes,
                        .remedy = "update it, and build gladhand again where it is static; "
                                  "see SECURITY.md"});
  return findings;
}

}  // namespace gladhand
