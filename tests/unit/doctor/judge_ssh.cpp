#include <doctest/doctest.h>

#include <algorithm>

#include "doctor/finding.hpp"
#include "doctor/ssh_files.hpp"

namespace gladhand::judge_ssh_test {

constexpr const char* ours = "proxycommand gladhand -- %h %p\n";
constexpr const char* passing = "proxycommand gladhand -- %h %p\nproxyusefdpass yes\n";

DoctorFacts facts_of(const std::string& output, const std::string& config = "") {
  DoctorFacts facts;
  facts.host = "db";
  facts.program = "gladhand";
  facts.ssh.output = "host db\n" + output;
  facts.ssh.files = {{"config", config}};
  return facts;
}

std::string codes(const DoctorFacts& facts) {
  std::string text;
  for (const Finding& it : judge_ssh(facts))
    text +=
        (text.empty() ? "" : " ") + it.code + (it.weight == Finding::Weight::problem ? "!" : "");
  return text;
}

Finding only(const DoctorFacts& facts) {
  const auto findings = judge_ssh(facts);
  REQUIRE(findings.size() == 1);
  CHECK_FALSE(findings[0].what.empty());
  CHECK_FALSE(findings[0].remedy.empty());
  return findings[0];
}

TEST_CASE("nothing is said of what is right") {
  CHECK(codes(facts_of(passing)).empty());
  CHECK(codes(facts_of("proxycommand /opt/bin/gladhand --log journal -- %h %p\nproxyusefdpass yes\n"
                       "controlpersist 60\ncontrolpath /tmp/x\naddressfamily any\n"
                       "connecttimeout none\n"))
            .empty());
}

TEST_CASE("ssh that fails is told with its words, and nothing else is judged") {
  DoctorFacts facts = facts_of("");
  facts.ssh.failure = "config line 3: Bad option";
  CHECK(only(facts).code == "ssh-fails");
  CHECK(only(facts).evidence == "config line 3: Bad option");
}

TEST_CASE("gladhand is not used") {
  CHECK(codes(facts_of("")) == "not-used!");
  CHECK(only(facts_of("")).has_snippet);
  const auto other = facts_of("", "Host other\n ProxyCommand gladhand -- %h %p\n");
  CHECK(only(other).evidence == "the ProxyCommand of its files is for other hosts");
}

TEST_CASE("ProxyUseFdpass is missing") {
  const auto facts = facts_of(ours, "Host *\n\tProxyCommand gladhand -- %h %p\n");
  CHECK(codes(facts) == "fdpass-missing!");
  CHECK(only(facts).evidence ==
        "ProxyUseFdpass no beside ProxyCommand gladhand -- %h %p (config:2)");
}

TEST_CASE("the program is not there") {
  auto facts = facts_of(passing);
  facts.ssh.missing_program = "cannot run 'gladhand': no such file or directory";
  CHECK(codes(facts) == "program-missing!");
}

TEST_CASE("gladhand does not take its own ProxyCommand") {
  auto facts = facts_of(passing);
  facts.ssh.own_fault = "unknown option '--untl'";
  CHECK(codes(facts) == "options-wrong!");
  CHECK(only(facts).evidence == "ProxyCommand gladhand -- %h %p: unknown option '--untl'");
}

TEST_CASE("the lines that it takes have the options that are there, and go where they count") {
  const std::string command = "ProxyCommand exec gladhand --until banner -- %h %p\n";
  const std::string config = "Host *\n " + command + " ProxyUseFdpass yes\n";
  auto facts =
      facts_of(command + "proxyusefdpass yes\ncontrolpersist 60\ncontrolpath /x\n", config);
  CHECK(codes(facts) == "errors-hidden");
  CHECK(snippet_for(facts).find(
            "ProxyCommand exec gladhand --log journal --until banner -- %h %p\n") !=
        std::string::npos);
  CHECK(place_of_snippet(facts) == "in place of config:2, or before its stanza");
  facts.ssh.output_with_command = "proxyusefdpass yes\n";
  CHECK(place_of_snippet(facts) == "in place of config:2 and config:3");
  CHECK(place_of_snippet(facts_of("")) == "at the end of ~/.ssh/config");
  auto missing = facts_of(passing);
  missing.ssh.missing_program = "cannot run it";
  missing.program = "/opt/gladhand";
  CHECK(snippet_for(missing).find("ProxyCommand /opt/gladhand -- %h %p\n") != std::string::npos);
}

TEST_CASE("another ProxyCommand comes first") {
  CHECK(codes(facts_of("proxycommand nc %h %p\n")) == "other-command");
  CHECK(codes(facts_of("proxycommand nc %h %p\nproxyusefdpass yes\n")) == "fdpass-harms!");
  CHECK(codes(facts_of("proxycommand nc -F %h %p\nproxyusefdpass yes\n")) == "other-command");
  CHECK(codes(facts_of("proxycommand /usr/lib/systemd/systemd-ssh-proxy %h %p\n"
                       "proxyusefdpass yes\n")) == "other-command");
}

TEST_CASE("a jump host makes the connection") {
  const auto facts = facts_of("proxyjump gate,other\n", "Host db\nProxyJump gate,other\n");
  CHECK(codes(facts) == "jump-host");
  CHECK(only(facts).evidence == "ProxyJump gate,other (config:2)");
  CHECK(only(facts).remedy.ends_with("gladhand --doctor gate"));
}

TEST_CASE("what ssh would do itself and gladhand is not told") {
  const std::string output = std::string(passing) + "connecttimeout 5\naddressfamily inet\n";
  const auto facts = facts_of(output, "Host *\nConnectTimeout=5\n");
  CHECK(codes(facts) == "options-unheeded");
  CHECK(only(facts).evidence == "AddressFamily inet, ConnectTimeout 5 (config:2)");
  CHECK(snippet_for(facts).find("gladhand --ssh-config -- %h %p\n") != std::string::npos);
  auto obeyed = facts;
  obeyed.ssh.is_obeyed = true;
  CHECK(codes(obeyed).empty());
}

TEST_CASE("ControlPersist hides errors, where there is a ControlPath") {
  const std::string output = std::string(passing) + "controlpersist 60\n";
  CHECK(codes(facts_of(output)).empty());
  const auto facts = facts_of(output + "controlpath /tmp/x\n", "ControlPersist 1m\n");
  CHECK(codes(facts) == "errors-hidden");
  CHECK(only(facts).evidence == "ControlPersist 60 (config:1)");
  CHECK(snippet_for(facts).find("gladhand --log journal -- %h %p\n") != std::string::npos);
}

TEST_CASE("a master connection is there") {
  auto facts = facts_of(std::string(passing) + "controlpath /tmp/x\n");
  facts.ssh.has_master = true;
  CHECK(codes(facts) == "master-runs");
}

TEST_CASE("a ProxyCommand of the command line is harmed, mosh's if it is there") {
  auto facts = facts_of(passing);
  facts.ssh.output_with_command = "proxycommand /bin/false\nproxyusefdpass no\n";
  CHECK(codes(facts).empty());
  facts.ssh.output_with_command = "proxycommand /bin/false\nproxyusefdpass yes\n";
  CHECK(codes(facts) == "fdpass-harms-mosh");
  facts.ssh.has_mosh = true;
  CHECK(codes(facts) == "fdpass-harms-mosh!");
  CHECK(only(facts).has_snippet);
}

TEST_CASE("ProxyCommands of other hosts in the same files are harmed by one for all") {
  const std::string global = "Host *\nProxyCommand gladhand -- %h %p\nProxyUseFdpass yes\n";
  const auto harmed = facts_of(passing, "Host old\nProxyCommand corkscrew p 80 %h %p\n" + global);
  CHECK(codes(harmed) == "fdpass-harms-others!");
  CHECK(only(harmed).evidence == "config:2: host old: ProxyCommand corkscrew p 80 %h %p");
  for (const char* harmless : {"Host old\nProxyCommand corkscrew p 80 %h %p\nProxyUseFdpass no\n",
                               "Host old\nProxyCommand none\n",
                               "Host old\nProxyCommand nc -F %h %p\n"})
    CHECK(codes(facts_of(passing, harmless + global)).empty());
  const auto own = facts_of(passing,
                            "Host old\nProxyCommand corkscrew p 80 %h %p\n"
                            "Host db\nProxyCommand gladhand -- %h %p\nProxyUseFdpass yes\n");
  CHECK(codes(own).empty());
}

TEST_CASE("lines of ssh_config are found in all ways of writing them") {
  const auto lines = read_ssh_lines({{"a",
                                      "# c\n\nUser me\nHost x y\n  ProxyJump\tg\n"
                                      "proxyjump = \"h\"\n"},
                                     {"b", "ProxyJump=i"}});
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].place == "a:3");
  CHECK(lines[0].block.empty());
  CHECK(lines[1].block == "host x y");
  CHECK(lines[2].value == "h");
  CHECK(lines[2].block_number == lines[1].block_number);
  CHECK(lines[3].place == "b:1");
  CHECK(lines[3].block_number != lines[2].block_number);
  CHECK(find_ssh_line(lines, "ProxyJump", "I")->place == "b:1");
  CHECK(find_ssh_line(lines, "ProxyJump", "other")->place == "a:5");
  CHECK(find_ssh_line(lines, "ProxyCommand", "") == nullptr);
}

}  // namespace gladhand::judge_ssh_test
