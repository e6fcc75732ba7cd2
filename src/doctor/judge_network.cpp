#include <algorithm>

#include "base/duration.hpp"
#include "doctor/finding.hpp"

namespace gladhand {

namespace {

using Weight = Finding::Weight;

std::string name_of(Family family) {
  return family == Family::ipv6 ? "IPv6" : "IPv4";
}

bool is_connected(const FamilyFacts& family) {
  return std::ranges::any_of(family.addresses, &AddressFacts::is_connected);
}

bool is_refused(const FamilyFacts& family) {
  return std::ranges::all_of(family.addresses,
                             [](const AddressFacts& it) { return it.outcome == "refused"; });
}

// "2001:db8::1 no answer in 3 s, 2001:db8::2 refused in 1.2 ms".
std::string shown(const FamilyFacts& family) {
  std::string text;
  for (const AddressFacts& it : family.addresses)
    text +=
        (text.empty() ? "" : ", ") + it.address + ' ' + it.outcome + " in " + to_string(it.took);
  return text;
}

std::string rule_against(const FamilyFacts& family, const std::string& gateway) {
  const std::string other = family.family == Family::ipv6 ? "4" : "6";
  return "repair the route or take the address out of the DNS; it costs gladhand 250 ms a "
         "connection. On this network alone, in config.toml: [[rule]] match.gateway = \"" +
         (gateway.empty() ? "ADDRESS" : gateway) + "\" " + other + " = true";
}

Finding broken(const FamilyFacts& family, const FamilyFacts& other, const std::string& gateway) {
  const std::string name = name_of(family.family);
  const std::string evidence = shown(family) + "; " + shown(other);
  if (is_refused(family))
    return {.weight = Weight::problem,
            .code = family.family == Family::ipv6 ? "ipv6-refused" : "ipv4-refused",
            .what = "nobody listens at this port over " + name + ", although the name says so",
            .evidence = evidence,
            .remedy =
                "let sshd listen there (ListenAddress), or take the address out of the DNS; "
                "it costs gladhand a round trip"};
  return {.weight = Weight::problem,
          .code = family.family == Family::ipv6 ? "ipv6-broken" : "ipv4-broken",
          .what = name + " does not reach this host from here, " + name_of(other.family) + " does",
          .evidence = evidence,
          .remedy = rule_against(family, gateway)};
}

Finding unreachable(const DialFacts& dial) {
  std::string tried;
  std::string failures;
  for (const FamilyFacts& family : dial.families) {
    const std::string text = shown(family);
    if (!text.empty()) tried += (tried.empty() ? "" : "; ") + text;
    if (!family.failure.empty() && failures.empty()) failures = family.failure;
  }
  if (tried.empty())
    return {.weight = Weight::problem,
            .code = "no-address",
            .what = "no address is found for this host",
            .evidence = failures,
            .remedy = "check the name; gladhand --explain shows whom it asks"};
  return {.weight = Weight::problem,
          .code = "not-reached",
          .what = "nothing connects to this host and port from here",
          .evidence = tried,
          .remedy = "is it up, is this its port, does a firewall let nothing through?"};
}

void judge_routes(const DialFacts& dial, std::vector<Finding>& findings) {
  if (dial.families.empty() || std::ranges::any_of(dial.families, &FamilyFacts::has_route)) return;
  if (std::ranges::any_of(dial.families, is_connected)) return;  // on the link, or this machine
  findings.push_back({.weight = Weight::problem,
                      .code = "no-network",
                      .what = "this machine has no route to the world",
                      .evidence = "neither for IPv6 nor for IPv4",
                      .remedy = "see ip route; is it connected to a network?"});
}

}  // namespace

std::vector<Finding> judge_network(const DoctorFacts& facts) {
  std::vector<Finding> findings;
  const DialFacts& dial = facts.dial;
  judge_routes(dial, findings);
  const auto working = std::ranges::find_if(dial.families, is_connected);
  if (working == dial.families.end()) {
    if (!dial.families.empty()) findings.push_back(unreachable(dial));
  } else {
    for (const FamilyFacts& family : dial.families)
      if (!family.addresses.empty() && !is_connected(family))
        findings.push_back(broken(family, *working, dial.gateway));
  }
  constexpr unsigned long enough = 64;
  if (facts.descriptor_limit && *facts.descriptor_limit < enough)
    findings.push_back({.weight = Weight::problem,
                        .code = "few-descriptors",
                        .what = "a process may have too few files and sockets for a race",
                        .evidence = "ulimit -n is " + std::to_string(*facts.descriptor_limit),
                        .remedy = "raise it to 1024, the usual bound"});
  return findings;
}

}  // namespace gladhand
