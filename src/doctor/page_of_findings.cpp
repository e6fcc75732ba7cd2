#include <algorithm>
#include <utility>

#include "base/duration.hpp"
#include "doctor/finding.hpp"
#include "gladhand/error.hpp"
#include "report/json_line.hpp"
#include "report/narrator.hpp"
#include "strategy/ssh_settings.hpp"

namespace gladhand {

namespace {

using Weight = Finding::Weight;

const char* word_of(Weight weight) {
  return weight == Weight::problem ? "problem" : "note";
}

std::string counted(std::ptrdiff_t count, const std::string& word) {
  return std::to_string(count) + ' ' + word + (count == 1 ? "" : "s");
}

std::string sum_up(const std::vector<Finding>& findings) {
  const auto problems = std::ranges::count(findings, Weight::problem, &Finding::weight);
  const auto notes = std::ssize(findings) - problems;
  std::string text = problems == 0 ? "nothing is wrong" : counted(problems, "problem");
  if (notes > 0) text += ", " + counted(notes, "note");
  return text;
}

std::string answer_text(const std::optional<ServerFacts::Answer>& answer, Family family) {
  if (!answer) return "nothing";
  return to_words(answer->status, family) + " in " + to_string(answer->after);
}

// What was looked at, a line each, whether it is right or wrong.
std::string measured(const DoctorFacts& facts) {
  std::string text;
  const auto say = [&text](std::string_view what, const std::string& words) {
    text += "  " + std::string(what) + std::string(14 - what.size(), ' ') + words + '\n';
  };
  if (facts.ssh.failure.empty()) {
    const auto command = ssh_value(facts.ssh.output, "ProxyCommand");
    say("ProxyCommand", printable(command.value_or("none")));
  }
  for (const ServerFacts& server : facts.names.servers)
    say("name server",
        server.server + ": AAAA " + answer_text(server.ipv6, Family::ipv6) + ", A " +
            answer_text(server.ipv4, Family::ipv4));
  for (const FamilyFacts& family : facts.dial.families)
    for (const AddressFacts& it : family.addresses)
      say(family.family == Family::ipv6 ? "IPv6" : "IPv4",
          it.address + ' ' + it.outcome + " in " + to_string(it.took));
  if (!facts.dial.not_dialled.empty()) say("network", facts.dial.not_dialled);
  return text;
}

bool wants_snippet(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, &Finding::has_snippet);
}

std::string indented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    result += "    " + std::string(line) + '\n';
  }
  return result;
}

}  // namespace

std::vector<Finding> judge(const DoctorFacts& facts) {
  std::vector<Finding> findings = judge_ssh(facts);
  std::ranges::move(judge_names(facts), std::back_inserter(findings));
  std::ranges::move(judge_network(facts), std::back_inserter(findings));
  std::ranges::stable_sort(findings, {}, &Finding::weight);
  return findings;
}

std::string page_of_findings(const DoctorFacts& facts, const std::vector<Finding>& findings) {
  std::string text = printable(facts.host) + ": " + sum_up(findings) + '\n';
  for (const Finding& it : findings) {
    text += '\n' + std::string(word_of(it.weight)) + ": " + it.what + '\n';
    text += "  seen: " + printable(it.evidence) + '\n';
    text += "  do:   " + it.remedy + '\n';
  }
  if (const std::string seen = measured(facts); !seen.empty()) text += "\nlooked at:\n" + seen;
  if (wants_snippet(findings))
    text += '\n' + printable(place_of_snippet(facts)) + ":\n" + indented(snippet_for(facts));
  return text;
}

std::string json_of_findings(const DoctorFacts& facts, const std::vector<Finding>& findings) {
  std::string list;
  for (const Finding& it : findings)
    list += (list.empty() ? "" : ",") + JsonLine()
                                            .add("severity", word_of(it.weight))
                                            .add("code", it.code)
                                            .add("what", it.what)
                                            .add("evidence", it.evidence)
                                            .add("remedy", it.remedy)
                                            .object();
  return JsonLine()
      .add("host", facts.host)
      .raw("findings", '[' + list + ']')
      .add("ssh_config", wants_snippet(findings) ? snippet_for(facts) : "")
      .line();
}

}  // namespace gladhand
