#include <doctest/doctest.h>

#include <system_error>

#include "doctor/finding.hpp"
#include "doctor/read_dial.hpp"

namespace gladhand::judge_network_test {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string codes(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& it : findings)
    text +=
        (text.empty() ? "" : " ") + it.code + (it.weight == Finding::Weight::problem ? "!" : "");
  return text;
}

FamilyFacts family_of(Family family, const std::string& outcome) {
  return {.family = family,
          .has_route = true,
          .addresses = {{.family = family,
                         .address = family == Family::ipv6 ? "2001:db8::1" : "192.0.2.1",
                         .is_connected = outcome == "connected",
                         .outcome = outcome,
                         .took = milliseconds(20)}},
          .failure = ""};
}

DoctorFacts dialled(const std::string& ipv6, const std::string& ipv4) {
  DoctorFacts facts;
  facts.dial.gateway = "192.0.2.254";
  facts.dial.families = {family_of(Family::ipv6, ipv6), family_of(Family::ipv4, ipv4)};
  return facts;
}

TEST_CASE("what connects is fine") {
  CHECK(judge_network(dialled("connected", "connected")).empty());
  CHECK(judge_network({}).empty());
}

TEST_CASE("a family without addresses is no fault of the network") {
  auto facts = dialled("connected", "connected");
  facts.dial.families[0] = {
      .family = Family::ipv6, .has_route = false, .addresses = {}, .failure = "x"};
  CHECK(judge_network(facts).empty());
}

TEST_CASE("IPv6 is broken here, or IPv4") {
  const auto findings = judge_network(dialled("no answer", "connected"));
  CHECK(codes(findings) == "ipv6-broken!");
  CHECK(findings[0].evidence == "2001:db8::1 no answer in 20 ms; 192.0.2.1 connected in 20 ms");
  CHECK(findings[0].remedy.find("match.gateway = \"192.0.2.254\" 4 = true") != std::string::npos);
  CHECK(codes(judge_network(dialled("connected", "network unreachable"))) == "ipv4-broken!");
}

TEST_CASE("nobody listens over one family") {
  CHECK(codes(judge_network(dialled("refused", "connected"))) == "ipv6-refused!");
  CHECK(codes(judge_network(dialled("connected", "refused"))) == "ipv4-refused!");
}

TEST_CASE("nothing connects") {
  const auto findings = judge_network(dialled("refused", "no answer"));
  CHECK(codes(findings) == "not-reached!");
  CHECK(findings[0].evidence == "2001:db8::1 refused in 20 ms; 192.0.2.1 no answer in 20 ms");
}

TEST_CASE("there is no address") {
  DoctorFacts facts;
  facts.dial.families = {{.family = Family::ipv4,
                          .has_route = true,
                          .addresses = {},
                          .failure = "name does not exist"}};
  CHECK(codes(judge_network(facts)) == "no-address!");
  CHECK(judge_network(facts)[0].evidence == "name does not exist");
}

TEST_CASE("there is no network, which does not matter to what connects") {
  auto facts = dialled("network unreachable", "network unreachable");
  for (FamilyFacts& family : facts.dial.families) family.has_route = false;
  CHECK(codes(judge_network(facts)) == "no-network! not-reached!");
  facts.dial.families[0].addresses[0].is_connected = true;
  CHECK(codes(judge_network(facts)) == "ipv4-broken!");
}

TEST_CASE("there are too few descriptors") {
  DoctorFacts facts;
  facts.descriptor_limit = 1024;
  CHECK(judge_network(facts).empty());
  facts.descriptor_limit = 20;
  CHECK(codes(judge_network(facts)) == "few-descriptors!");
}

ServerFacts server(const std::string& name,
                   std::optional<AnswerStatus> ipv6,
                   std::optional<AnswerStatus> ipv4) {
  ServerFacts facts{.server = name, .ipv6 = {}, .ipv4 = {}, .patience = seconds(3)};
  if (ipv6) facts.ipv6 = {*ipv6, milliseconds(1)};
  if (ipv4) facts.ipv4 = {*ipv4, milliseconds(1)};
  return facts;
}

DoctorFacts asked(std::vector<ServerFacts> servers) {
  DoctorFacts facts;
  facts.names.resolv_conf = {"resolv.conf", "# x\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n"};
  facts.names.servers = std::move(servers);
  return facts;
}

constexpr auto some = AnswerStatus::addresses;
constexpr auto none = AnswerStatus::no_address;
constexpr auto silence = AnswerStatus::no_answer;

TEST_CASE("name servers that answer are fine, whatever they say") {
  CHECK(judge_names(asked({server("192.0.2.53", none, some)})).empty());
  CHECK(judge_names(asked({server("192.0.2.53", some, none)})).empty());
  CHECK(judge_names(
            asked({server("192.0.2.53", AnswerStatus::no_such_name, AnswerStatus::no_such_name)}))
            .empty());
}

TEST_CASE("the first name server is dead") {
  const auto findings = judge_names(
      asked({server("192.0.2.53", silence, silence), server("192.0.2.54", some, some)}));
  CHECK(codes(findings) == "first-name-server-dead!");
  CHECK(findings[0].evidence ==
        "192.0.2.53 says nothing in 3 s (resolv.conf:2), while 192.0.2.54 answers");
}

TEST_CASE("another one is dead, which costs nothing") {
  CHECK(codes(judge_names(asked({server("192.0.2.53", some, some),
                                 server("192.0.2.54", {}, {})}))) == "name-server-dead");
}

TEST_CASE("all are dead") {
  CHECK(codes(judge_names(asked({server("192.0.2.53", {}, {}), server("192.0.2.54", {}, {})}))) ==
        "name-servers-dead!");
}

TEST_CASE("AAAA is dropped, or answered with a failure") {
  const auto findings = judge_names(asked({server("192.0.2.54", silence, some)}));
  CHECK(codes(findings) == "aaaa-dropped!");
  CHECK(findings[0].evidence ==
        "192.0.2.54 (resolv.conf:3) says nothing to it in 3 s, but answers the A question in 1 ms");
  CHECK(codes(judge_names(asked({server("a", AnswerStatus::server_failure, none)}))) ==
        "aaaa-dropped!");
  CHECK(codes(judge_names(asked({server("a", {}, some)}))) == "aaaa-dropped!");
}

TEST_CASE("what other files say") {
  DoctorFacts facts;
  facts.names.gai_conf = {"gai.conf", "# precedence ::/0 1\n\nprecedence ::ffff:0:0/96 100\n"};
  CHECK(codes(judge_names(facts)) == "gai-conf");
  CHECK(judge_names(facts)[0].evidence == "gai.conf:3");
  facts.names.gai_conf.text = "# precedence ::ffff:0:0/96 100\n";
  CHECK(judge_names(facts).empty());
  facts.names.no_aaaa = true;
  CHECK(codes(judge_names(facts)) == "no-aaaa");
}

TEST_CASE("modules of nsswitch.conf need getent") {
  DoctorFacts facts;
  facts.names.modules = {"libvirt"};
  CHECK(judge_names(facts).empty());
  facts.names.has_getent = false;
  CHECK(codes(judge_names(facts)) == "modules-unasked!");
}

TEST_CASE("config.toml, and holes of c-ares") {
  DoctorFacts facts;
  facts.configuration_failure = "config.toml: others can write it, and it is not used";
  facts.resolver_holes = "CVE-2024-25629";
  CHECK(codes(judge_names(facts)) == "configuration! old-c-ares");
}

TEST_CASE("problems come before notes, on the page and in JSON") {
  DoctorFacts facts = dialled("no answer", "connected");
  facts.host = "db";
  facts.program = "gladhand";
  facts.ssh.output = "proxyjump gate\n";
  const auto findings = judge(facts);
  CHECK(codes(findings) == "ipv6-broken! jump-host");
  const std::string page = page_of_findings(facts, findings);
  CHECK(page.starts_with("db: 1 problem, 1 note\n\nproblem: IPv6 does not reach this host"));
  CHECK(page.find("~/.ssh/config") == std::string::npos);
  const std::string json = json_of_findings(facts, findings);
  CHECK(
      json.starts_with("{\"host\":\"db\",\"findings\":[{\"severity\":\"problem\",\"code\":"
                       "\"ipv6-broken\","));
  CHECK(json.ends_with("],\"ssh_config\":\"\"}\n"));
}

TEST_CASE("a page without findings says so, and the snippet is on it where it helps") {
  DoctorFacts facts = dialled("connected", "connected");
  facts.host = "db";
  facts.program = "/opt/gladhand";
  facts.ssh.output = "proxycommand gladhand -- %h %p\nproxyusefdpass yes\n";
  CHECK(page_of_findings(facts, judge(facts)).starts_with("db: nothing is wrong\n\nlooked at:\n"));
  facts.ssh.output = "host db\n";
  CHECK(
      page_of_findings(facts, judge(facts))
          .ends_with("        ProxyCommand /opt/gladhand -- %h %p\n        ProxyUseFdpass yes\n"));
}

TEST_CASE("the addresses of a dial are read from its events") {
  const Endpoint one = *parse_address("2001:db8::1", 22);
  const Endpoint two = *parse_address("2001:db8::2", 22);
  const std::vector<Event> events = {
      {milliseconds(1), StartAttempt{0, one, StartReason::preferred_family_known}},
      {milliseconds(251), StartAttempt{1, two, StartReason::connection_attempt_delay_over}},
      {milliseconds(253), AttemptFailed{1, std::make_error_code(std::errc::connection_refused)}},
      {milliseconds(501), StartAttempt{2, one, StartReason::backup, AttemptId{0}}},
      {milliseconds(1001), CancelAttempt{0, CancelReason::timed_out}},
      {milliseconds(1001), CancelAttempt{2, CancelReason::timed_out}}};
  const auto addresses = read_addresses(events);
  REQUIRE(addresses.size() == 2);
  CHECK(addresses[0].outcome == "no answer");
  CHECK(addresses[0].took == milliseconds(1000));
  CHECK(addresses[1].outcome == "refused");
  CHECK(addresses[1].took == milliseconds(2));
  CHECK_FALSE(addresses[1].is_connected);
}

TEST_CASE("an address that another one has outrun says nothing") {
  const Endpoint one = *parse_address("192.0.2.1", 22);
  const Endpoint two = *parse_address("192.0.2.2", 22);
  const std::vector<Event> events = {
      {milliseconds(1), StartAttempt{0, one, StartReason::preferred_family_known}},
      {milliseconds(251), StartAttempt{1, two, StartReason::connection_attempt_delay_over}},
      {milliseconds(252), Connected{1}},
      {milliseconds(252), CancelAttempt{0, CancelReason::lost}}};
  const auto addresses = read_addresses(events);
  REQUIRE(addresses.size() == 1);
  CHECK(addresses[0].address == "192.0.2.2");
  CHECK(addresses[0].is_connected);
}

}  // namespace gladhand::judge_network_test
