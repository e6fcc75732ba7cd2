// What hosts(5) and resolv.conf(5) say, and which names follow from it.
#include "names/system_files.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace gladhand::system_files_test {

namespace {

using std::chrono::seconds;
using Strings = std::vector<std::string>;

std::string joined(const Strings& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// The addresses found, in words.
std::string hosts(std::string_view text, std::string_view name) {
  Strings found;
  for (const Endpoint& endpoint : find_in_hosts(text, name, 22)) {
    CHECK(endpoint.port() == 22);
    found.push_back(to_string(endpoint));
  }
  return joined(found);
}

std::string search(std::string_view text) {
  return joined(parse_resolv_conf(text).search);
}
std::string servers(std::string_view text) {
  return joined(parse_resolv_conf(text).servers);
}

std::string names(std::string_view name, const Strings& domains, unsigned ndots) {
  ResolvConf conf;
  conf.search = domains;
  conf.ndots = ndots;
  return joined(search_names(name, conf));
}

}  // namespace

TEST_CASE("[hosts(5)] every line that has the name gives its address, in the order of the file") {
  constexpr std::string_view text =
      "127.0.0.1\tlocalhost\n"
      "# 192.0.2.9 db.example\n"
      "\n"
      "192.0.2.1   db.example db   # the old one\n"
      "2001:db8::1 other.example db.example\n"
      "  198.51.100.7 Mail.Example. mail\n"
      "192.0.2.2 db.example.org xdb.example\n"
      "192.0.2.3 db";
  const struct {
    const char* name;
    const char* expected;
  } table[] = {
      {"db.example", "192.0.2.1 2001:db8::1"},
      {"DB.Example", "192.0.2.1 2001:db8::1"},
      {"db.example.", "192.0.2.1 2001:db8::1"},
      {"db", "192.0.2.1 192.0.2.3"},
      {"other.example", "2001:db8::1"},
      {"mail.example", "198.51.100.7"},
      {"mail", "198.51.100.7"},
      {"localhost", "127.0.0.1"},
      {"db.example.org", "192.0.2.2"},
      {"example", ""},
      {"old", ""},
      {"192.0.2.1", ""},
      {"#", ""},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.name));
    CHECK(hosts(text, row.name) == row.expected);
  }
}

TEST_CASE("[hosts(5)] a line whose address cannot be read gives none, and harms no other") {
  for (const char* line : {"192.0.2.256 db",
                           "192.0.2 db",
                           "db",
                           "db db",
                           "2001:db8::g db",
                           "/24 db",
                           "192.0.2.1/24 db",
                           "[2001:db8::1] db",
                           "192.0.2.1#db",
                           "192.0.2.1"}) {
    CAPTURE(std::string(line));
    CHECK(hosts(line, "db") == "");
    CHECK(hosts(std::string(line) + "\n192.0.2.7 db\n", "db") == "192.0.2.7");
  }
}

TEST_CASE("[hosts(5)] line ends, blanks and a missing last line end do not count") {
  for (const char* text : {"192.0.2.1 db",
                           "192.0.2.1 db\n",
                           "192.0.2.1 db\r\n",
                           "192.0.2.1 db\r",
                           "\t192.0.2.1\t\tdb\t\n",
                           "\r\n\r\n192.0.2.1 db\r\n",
                           "192.0.2.1 db#comment",
                           "192.0.2.1 x db y\n"}) {
    CAPTURE(std::string(text));
    CHECK(hosts(text, "db") == "192.0.2.1");
  }
  CHECK(hosts("", "db") == "");
  CHECK(hosts("\n\n", "db") == "");
  CHECK(hosts("fe80::1%lo db", "db") == "fe80::1%lo");
}

TEST_CASE("[hosts(5)] a name is found among its neighbours in any case, and only as a whole word") {
  std::string text = "192.0.2.1 xdb dbx db.x x.db -db db- #db\n192.0.2.2 # db\ndb 192.0.2.3\n";
  CHECK(hosts(text, "db") == "");
  CHECK(hosts(text + "192.0.2.4 ddb dB", "db") == "192.0.2.4");
  CHECK(hosts(text + "192.0.2.4 ddb\tDB.\t", "db") == "192.0.2.4");
  CHECK(hosts(text + "192.0.2.4 db db db#db\n192.0.2.4 DB", "db") == "192.0.2.4 192.0.2.4");
  CHECK(hosts("192.0.2.1 aaab aaaab\n192.0.2.2 aab\n192.0.2.3 ab\n", "aab") == "192.0.2.2");
  CHECK(hosts("192.0.2.1 a\n192.0.2.2 b a\n192.0.2.3 aa\n", "a") == "192.0.2.1 192.0.2.2");
  CHECK(hosts("192.0.2.1 db.\n", ".") == "");
  CHECK(hosts("192.0.2.1 \xc3\xbc.example\n", "\xc3\xbc.example") == "192.0.2.1");
}

TEST_CASE("[gethostbyname(3)] HOSTALIASES' file gives a name another, the first line counts") {
  constexpr std::string_view text =
      "db\n# no comment\ndb  db.example x\nDB other.example\nw a..b\n";
  CHECK(find_host_alias(text, "db") == "db.example");
  CHECK(find_host_alias(text, "Db") == "db.example");
  CHECK(find_host_alias(text, "x") == "");
  CHECK(find_host_alias(text, "w") == "");  // to no name
  CHECK(find_host_alias("", "db") == "");
}

TEST_CASE("[RFC 4343 §3] names are the same whatever their case; a final dot does not count") {
  const struct {
    const char* a;
    const char* b;
    bool expected;
  } table[] = {
      {"db.example", "db.example", true},
      {"db.example", "DB.eXample", true},
      {"db.example.", "db.example", true},
      {"db.example.", "db.example.", true},
      {"db.example", "db.example.x", false},
      {"db.example", "db.exampl", false},
      {"db..", "db.", false},
      {"db[", "db{", false},
      {"db@", "db`", false},
      {"", "", true},
      {"", "db", false},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.a));
    CHECK(equal_names(row.a, row.b) == row.expected);
    CHECK(equal_names(row.b, row.a) == row.expected);
  }
}

TEST_CASE("[RFC 6761 §6.3] localhost and names below it are this machine's") {
  for (const char* name :
       {"localhost", "localhost.", "LocalHost", "db.localhost", "DB.LOCALHOST.", "a.b.localhost"}) {
    CAPTURE(std::string(name));
    CHECK(is_localhost(name));
  }
  for (const char* name : {"",
                           ".",
                           "host",
                           "localhos",
                           "mylocalhost",
                           "localhost.example",
                           "localhost.localdomain",
                           "localhost..",
                           "localhost-",
                           "local.host"}) {
    CAPTURE(std::string(name));
    CHECK_FALSE(is_localhost(name));
  }
}

TEST_CASE("[resolv.conf(5)] an empty file says nothing") {
  const ResolvConf conf = parse_resolv_conf("");
  CHECK(conf.servers.empty());
  CHECK(conf.search.empty());
  CHECK(conf.ndots == 1);
  CHECK_FALSE(conf.timeout);
  CHECK_FALSE(conf.attempts);
  CHECK_FALSE(conf.rotate);
  CHECK_FALSE(conf.use_tcp);
}

TEST_CASE("[resolv.conf(5)] name servers are taken in order, IPv6 and zones included") {
  CHECK(servers("nameserver 192.0.2.53\nnameserver\t2001:db8::53\nnameserver fe80::1%lo\r\n"
                "nameserver 192.0.2.54 # the second\nnameserver 192.0.2.55") ==
        "192.0.2.53 2001:db8::53 fe80::1%lo 192.0.2.54 192.0.2.55");
}

TEST_CASE("of a file with very many name servers the first are read") {
  std::string text;
  for (unsigned i = 0; i < 100'000; ++i)
    text += "nameserver 192.0.2." + std::to_string(i % 256) + '\n';
  const ResolvConf conf = parse_resolv_conf(text);
  CHECK(conf.servers.size() == most_servers);
  CHECK(conf.servers.back() == "192.0.2.15");
}

TEST_CASE("[resolv.conf(5)] a comment begins with # or ; in the first column") {
  CHECK(servers("# nameserver 192.0.2.1\n; nameserver 192.0.2.2\n;nameserver 192.0.2.3\n"
                "#nameserver 192.0.2.4\nnameserver 192.0.2.5\n") == "192.0.2.5");
  CHECK(search(";search a.example\nsearch b.example\n") == "b.example");
}

TEST_CASE("[resolv.conf(5)] the keyword begins the line") {
  CHECK(servers(" nameserver 192.0.2.1\nnameserver 192.0.2.2\n\tnameserver 192.0.2.3") ==
        "192.0.2.2");
  CHECK(search("\tsearch a.example\n") == "");
}

TEST_CASE("[resolv.conf(5)] a nameserver line without a literal is skipped") {
  for (const char* line : {"nameserver",
                           "nameserver ",
                           "nameserver dns.example",
                           "nameserver 192.0.2.256",
                           "nameserver 192.0.2",
                           "nameserver 2001:db8::g",
                           "nameserver #192.0.2.1",
                           "Nameserver 192.0.2.1",
                           "nameservers 192.0.2.1",
                           "192.0.2.1"}) {
    CAPTURE(std::string(line));
    CHECK(servers(std::string(line) + "\nnameserver 192.0.2.53\n") == "192.0.2.53");
  }
}

TEST_CASE("[resolv.conf(5)] the last search or domain line counts") {
  const struct {
    const char* text;
    const char* expected;
  } table[] = {
      {"search a.example b.example\n", "a.example b.example"},
      {"search a.example. b.example.\r\n", "a.example b.example"},
      {"domain a.example\n", "a.example"},
      {"domain a.example b.example\n", "a.example"},
      {"search a.example\nsearch b.example c.example\n", "b.example c.example"},
      {"search a.example b.example\ndomain c.example\n", "c.example"},
      {"domain a.example\nsearch b.example\n", "b.example"},
      {"search a.example\nsearch\n", "a.example"},
      {"search a.example\ndomain\n", "a.example"},
      {"search .\n", ""},
      {"search a.example\nsearch .\n", ""},
      {"search a.example . b.example\n", "a.example b.example"},
      {"search a.example # b.example\n", "a.example"},
      {"search a..example b.example a.. .a\n", "b.example"},
      {"search b\\.example b\xfc.example b!.example b_c.example\n", "b_c.example"},
      {"domain .a.example\n", ""},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.text));
    CHECK(search(row.text) == row.expected);
  }
}

TEST_CASE("[RFC 1035 §2.3.4] a search domain with a label of more than 63 octets is none") {
  const std::string longest(63, 'x');
  CHECK(search("search " + longest + ".example a.example\n") == longest + ".example a.example");
  CHECK(search("search x" + longest + ".example a.example\n") == "a.example");
}

TEST_CASE("[resolv.conf(5)] numbers are held to their bounds: 15 dots, 30 s, 5 attempts") {
  const struct {
    const char* words;
    unsigned ndots;
    unsigned timeout;  // 0: not said
    unsigned attempts;
  } table[] = {
      {"ndots:0", 0, 0, 0},        {"ndots:1", 1, 0, 0},
      {"ndots:15", 15, 0, 0},      {"ndots:16", 15, 0, 0},
      {"ndots:1000000", 15, 0, 0}, {"timeout:1", 1, 1, 0},
      {"timeout:30", 1, 30, 0},    {"timeout:31", 1, 30, 0},
      {"attempts:1", 1, 0, 1},     {"attempts:5", 1, 0, 5},
      {"attempts:6", 1, 0, 5},     {"ndots:2 timeout:3 attempts:4", 2, 3, 4},
      {"ndots:", 1, 0, 0},         {"ndots:x", 1, 0, 0},
      {"ndots:2x", 2, 0, 0},       {"ndots:2,timeout:3", 2, 0, 0},
      {"ndots:-1", 1, 0, 0},       {"ndots=2", 1, 0, 0},
      {"ndots 2", 1, 0, 0},        {"timeout:-1", 1, 0, 0},
      {"attempts:two", 1, 0, 0},   {"ndots:2 ndots:3", 3, 0, 0},
      {"xndots:2", 1, 0, 0},       {"", 1, 0, 0},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.words));
    ResolvConf applied;
    apply_resolver_options(row.words, applied);
    for (const ResolvConf& conf :
         {parse_resolv_conf("options " + std::string(row.words) + '\n'), applied}) {
      CHECK(conf.ndots == row.ndots);
      CHECK(conf.timeout.value_or(seconds(0)) == seconds(row.timeout));
      CHECK(conf.attempts.value_or(0) == row.attempts);
    }
  }
}

TEST_CASE("no time at all, or no attempt, is read as one") {
  const ResolvConf conf = parse_resolv_conf("options timeout:0 attempts:0\n");
  CHECK(conf.timeout == seconds(1));
  CHECK(conf.attempts == 1U);
}

TEST_CASE("[resolv.conf(5)] flags are known by how their word begins, unknown ones do no harm") {
  const ResolvConf conf =
      parse_resolv_conf("options edns0 rotate trust-ad\noptions use-vc no-aaaa no-tld-query\n");
  CHECK(conf.rotate);
  CHECK(conf.no_aaaa);
  CHECK(conf.use_tcp);
  CHECK(conf.no_tld_query);
  CHECK(parse_resolv_conf("options rotate,no-aaaa\n").rotate);
  CHECK_FALSE(parse_resolv_conf("options rotate,no-aaaa\n").no_aaaa);
  CHECK_FALSE(parse_resolv_conf("options xrotate\nrotate\nuse-vc x\n").rotate);
  CHECK_FALSE(parse_resolv_conf("options use_vc\nrotate\nuse-vc x\n").use_tcp);
}

TEST_CASE("[resolv.conf(5)] RES_OPTIONS adds to what the file says") {
  ResolvConf conf = parse_resolv_conf("options ndots:3 timeout:7\n");
  apply_resolver_options("timeout:2 rotate", conf);
  CHECK(conf.ndots == 3);
  CHECK(conf.timeout == seconds(2));
  CHECK(conf.rotate);
}

TEST_CASE("[resolv.conf(5)] the number of dots decides when a name is asked as it is") {
  const Strings both = {"a.example", "b.example"};
  const struct {
    const char* name;
    Strings domains;
    unsigned ndots;
    const char* expected;
  } table[] = {
      {"db", both, 1, "db.a.example db.b.example db"},
      {"db.x", both, 1, "db.x db.x.a.example db.x.b.example"},
      {"db", both, 0, "db db.a.example db.b.example"},
      {"db.x.y.z.w", both, 5, "db.x.y.z.w.a.example db.x.y.z.w.b.example db.x.y.z.w"},
      {"db.x.y.z.w.v", both, 5, "db.x.y.z.w.v db.x.y.z.w.v.a.example db.x.y.z.w.v.b.example"},
      {"db.", both, 1, "db"},
      {"db.x.", both, 5, "db.x"},
      {"db", {}, 1, "db"},
      {"db.x", {}, 1, "db.x"},
      {"db", {}, 0, "db"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.name));
    CAPTURE(row.ndots);
    CHECK(names(row.name, row.domains, row.ndots) == row.expected);
  }
}

TEST_CASE("[RFC 6761 §6.3] a search domain makes no name below localhost") {
  CHECK(names("db", {"localhost", "a.LocalHost", "a.example"}, 1) == "db.a.example db");
  CHECK(names("db.x", {"localhost"}, 1) == "db.x");
}

TEST_CASE("[RFC 7686 §2] a search domain makes no onion service") {
  CHECK(names("db", {"onion", "a.Onion", "onion.example"}, 1) == "db.onion.example db");
}

TEST_CASE("[resolv.conf(5)] no-tld-query: a name without a dot is asked in the search list alone") {
  ResolvConf conf = parse_resolv_conf("search a.example\noptions no-tld-query\n");
  CHECK(joined(search_names("db", conf)) == "db.a.example");
  CHECK(joined(search_names("db.x", conf)) == "db.x db.x.a.example");
  CHECK(joined(search_names("db.", conf)) == "db");
  conf.ndots = 2;
  CHECK(joined(search_names("db.x", conf)) == "db.x.a.example db.x");
  conf.search.clear();
  CHECK(joined(search_names("db", conf)) == "db");
}

TEST_CASE("[resolv.conf(5)] a search line with no domain in it is one all the same") {
  CHECK_FALSE(parse_resolv_conf("options rotate\nsearch\ndomain\n").names_search);
  CHECK(parse_resolv_conf("search .\n").names_search);
  CHECK(parse_resolv_conf("domain a.example\n").names_search);
}

TEST_CASE("[RFC 1035 §2.3.4] a joined name of more than 253 octets is not asked") {
  const std::string domain = "a.example";
  const std::string longest = std::string(253 - 1 - domain.size(), 'x');
  CHECK(names(longest, {domain}, 1) == longest + ".a.example " + longest);
  CHECK(names(longest + 'x', {domain}, 1) == longest + 'x');
  CHECK(names(longest + 'x', {domain, "b"}, 1) == longest + "x.b " + longest + 'x');
}

}  // namespace gladhand::system_files_test
