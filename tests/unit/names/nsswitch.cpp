// What nsswitch.conf(5) says about hosts, and who is asked for a name because of it.
#include "names/nsswitch.hpp"

#include <doctest/doctest.h>

#include <string>

namespace gladhand::nsswitch_test {

namespace {

// "files dns[!unavail]": the modules, each with the statuses that end the line.
std::string modules(std::string_view text) {
  std::string result;
  for (const NssModule& module : parse_nsswitch(text)) {
    result += (result.empty() ? "" : " ") + module.name;
    constexpr const char* names[] = {"success", "notfound", "unavail", "tryagain"};
    std::string ends;
    for (std::size_t i = 0; i < module.ends.size(); ++i)
      if (module.ends[i]) ends += (ends.empty() ? "" : ",") + std::string(names[i]);
    if (ends != "success") result += '(' + ends + ')';
  }
  return result;
}

// "files: dns, mDNS, 'libvirt'"; what is not asked behind a bar.
std::string plan(std::string_view line, NameTraits name, NameRules rules = NameRules::automatic) {
  using Kind = NameStep::Kind;
  const NamePlan plan = plan_names(name, parse_nsswitch("hosts: " + std::string(line)), rules);
  std::string text = plan.files_first ? "files" : "";
  for (const NameStep& step : plan.steps) {
    if (!text.empty()) text += ' ';
    switch (step.kind) {
      case Kind::files: text += "files"; break;
      case Kind::dns: text += "dns"; break;
      case Kind::mdns: text += "mDNS"; break;
      case Kind::resolved: text += "resolved"; break;
      case Kind::module: text += '\'' + step.module.name + '\''; break;
      case Kind::system: text += "system"; break;
      case Kind::command: text += "command"; break;
    }
  }
  for (const std::string& module : plan.unasked) text += " |" + module;
  return text;
}

constexpr NameTraits ordinary{};
constexpr NameTraits local{.is_local = true};
constexpr NameTraits single{.is_single = true};
constexpr NameTraits single_with_stub{.is_single = true, .has_stub = true};

}  // namespace

TEST_CASE("[nsswitch.conf(5)] the last hosts line counts; without one, files and then dns") {
  CHECK(modules("") == "files dns");
  CHECK(modules("passwd: files\n# hosts: nis\nnetworks: db\n") == "files dns");
  CHECK(modules("hosts: files\nhosts: dns files\n") == "dns files");
  CHECK(modules("  hosts:files dns # nis\n") == "files dns");
  CHECK(modules("hosts :\tfiles\tdns\r\n") == "files dns");
  CHECK(modules("hosts:\n") == "");
  CHECK(modules("hosts files dns\n") == "files dns");
  CHECK(modules("hostsx: nis\n") == "files dns");
  CHECK(modules("hosts: files libvirt libvirt_guest dns myhostname") ==
        "files libvirt libvirt_guest dns myhostname");
}

TEST_CASE("[nsswitch.conf(5)] actions say after which ends nothing more is asked") {
  const struct {
    const char* line;
    const char* expected;
  } table[] = {
      {"mdns4_minimal [NOTFOUND=return] dns", "mdns4_minimal(success,notfound) dns"},
      {"resolve[!UNAVAIL=return]dns", "resolve(success,notfound,tryagain) dns"},
      {"a [ notfound=RETURN  unavail=return ] b", "a(success,notfound,unavail) b"},
      {"a [!NOTFOUND=return NOTFOUND=continue]", "a(success,unavail,tryagain)"},
      {"a [SUCCESS=continue] b", "a() b"},
      {"a [SUCCESS=merge] b", "a() b"},
      {"a [TRYAGAIN=return] [UNAVAIL=return]", "a(success,unavail,tryagain)"},
      {"[NOTFOUND=return] a", "a"},
      {"a [NOTFOUND] b", "a b"},
      {"a [NONSENSE=return] b", "a b"},
      {"a [NOTFOUND=never] b", "a b"},
      {"a [NOTFOUND=return", "a(success,notfound)"},
      {"a [] b", "a b"},
      {"a ] b", "a ] b"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.line));
    CHECK(modules("hosts: " + std::string(row.line)) == row.expected);
  }
}

TEST_CASE(
    "an ordinary name is looked up in the hosts file and the DNS; the rest comes behind them") {
  const struct {
    const char* line;
    const char* expected;
  } table[] = {
      {"files dns", "files dns"},
      {"dns files", "dns files"},
      {"dns", "dns"},
      {"files", "files"},
      {"", ""},
      {"files mdns4_minimal [NOTFOUND=return] dns", "files dns"},
      {"files mdns4_minimal [NOTFOUND=return] dns mymachines", "files dns 'mymachines'"},
      {"mymachines resolve [!UNAVAIL=return] files myhostname dns",
       "files dns 'mymachines' 'myhostname'"},
      {"files myhostname resolve [!UNAVAIL=return] dns", "files dns 'myhostname'"},
      {"resolve", "files dns"},
      {"files libvirt libvirt_guest dns", "files dns 'libvirt' 'libvirt_guest'"},
      {"files dns ldap wins", "files dns 'ldap' 'wins'"},
      {"ldap files", "files 'ldap'"},
      {"wins", "'wins'"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.line));
    CHECK(plan(row.line, ordinary) == row.expected);
  }
}

TEST_CASE("a module that may keep the line from going on to the DNS is asked before it") {
  CHECK(plan("files ldap [NOTFOUND=return] dns", ordinary) == "files 'ldap' dns");
  CHECK(plan("files ldap [!UNAVAIL=return] dns wins", ordinary) == "files 'ldap' dns 'wins'");
  CHECK(plan("files [NOTFOUND=return] dns", ordinary) == "files");
}

TEST_CASE(
    "[RFC 6762 §3] names below .local are asked for on the link, when the line says so first") {
  CHECK(plan("files dns", local) == "files dns mDNS");
  CHECK(plan("files mdns4_minimal [NOTFOUND=return] dns", local) == "files mDNS dns");
  CHECK(plan("files dns mdns", local) == "files dns mDNS");
  CHECK(plan("files mdns_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns", local) ==
        "files mDNS dns");
  CHECK(plan("files", local) == "files mDNS");
}

TEST_CASE("systemd-resolved is asked for what its stub does not take: a single label") {
  CHECK(plan("files dns", single) == "files dns");
  CHECK(plan("resolve [!UNAVAIL=return] files dns", single) == "files dns resolved");
  CHECK(plan("files dns", single_with_stub) == "files dns resolved");
  CHECK(plan("files dns myhostname", single_with_stub) == "files dns resolved 'myhostname'");
}

TEST_CASE(
    "--resolver dns leaves modules out, and remembers which; system leaves all to the C library") {
  CHECK(plan("files libvirt dns", ordinary, NameRules::dns) == "files dns |libvirt");
  CHECK(plan("files mdns4_minimal dns", ordinary, NameRules::dns) == "files dns");
  CHECK(plan("files mdns4_minimal dns", local, NameRules::dns) == "files dns |mdns4_minimal");
  CHECK(plan("files dns", local, NameRules::dns) == "files dns |mDNS");
  CHECK(plan("libvirt", single_with_stub, NameRules::dns) == "files dns |libvirt");
  CHECK(plan("files libvirt dns", local, NameRules::system) == "system");
}

}  // namespace gladhand::nsswitch_test
