// Proxies as URLs name them, whom NO_PROXY lists, and the file of users and passwords.
#include "proxy/proxy.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "gladhand/error.hpp"

namespace gladhand::proxy_test {

using namespace std::string_literals;

// The error and its hint, or nothing.
template <typename Do>
std::string error_of(Do run) {
  try {
    run();
    return "";
  } catch (const Error& error) {
    CHECK(error.status() == ExitStatus::usage);
    return std::string(error.what()) + '\n' + error.hint();
  }
}

std::string error_of_url(const std::string& url) {
  return error_of([&url] { parse_proxy(url); });
}

TEST_CASE("a proxy's URL names scheme, host and port, or the scheme's own port") {
  const struct {
    const char* url;
    const char* expected;
  } table[] = {
      {"socks4://proxy.example", "socks4://proxy.example:1080"},
      {"socks4a://proxy.example:9", "socks4a://proxy.example:9"},
      {"socks5://192.0.2.1/", "socks5://192.0.2.1:1080"},
      {"socks5h://[2001:db8::1]", "socks5h://[2001:db8::1]:1080"},
      {"http://[2001:db8::1]:3128/", "http://[2001:db8::1]:3128"},
      {"http://proxy.example.", "http://proxy.example.:80"},
      {"http://proxy.example:", "http://proxy.example:80"},
      {"HTTP://Proxy.example:65535", "http://Proxy.example:65535"},
      {"SOCKS5H://localhost", "socks5h://localhost:1080"},
      {"socks://proxy.example", "socks5h://proxy.example:1080"},
      {"http://[fe80::1%25eth0]:8080", "http://[fe80::1%eth0]:8080"},
      {"http://[fe80::1%eth0]", "http://[fe80::1%eth0]:80"},
      {"http://[fe80::1%25]", "http://[fe80::1%25]:80"},  // by its index
      {"socks5://alice:secret@proxy.example", "socks5://proxy.example:1080"},
      {"http://\xc3\xb6.example", "http://\\xc3\\xb6.example:80"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.url));
    CHECK(to_string(parse_proxy(row.url)) == row.expected);
  }
}

TEST_CASE("a proxy on a Unix socket has a path in place of host and port") {
  const struct {
    const char* url;
    const char* expected;
    const char* path;
  } table[] = {
      {"http+unix:///run/p.sock", "http+unix:///run/p.sock", "/run/p.sock"},
      {"SOCKS5H+UNIX://alice:secret@/run/p", "socks5h+unix:///run/p", "/run/p"},
      {"socks4a+unix://localhost/run/a%20b", "socks4a+unix:///run/a b", "/run/a b"},
      {"socks5h://alice@localhost/run/p", "socks5h+unix:///run/p", "/run/p"},
      {"socks5://LOCALHOST/run/p", "socks5+unix:///run/p", "/run/p"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.url));
    const Proxy proxy = parse_proxy(row.url);
    CHECK(to_string(proxy) == row.expected);
    CHECK(proxy.path == row.path);
    CHECK(proxy.host.empty());
  }
  CHECK(parse_proxy("http+unix://alice:secret@/run/p").password == "secret");
  for (const char* url : {"http+unix://",
                          "http+unix:///",
                          "http+unix://proxy.example/run/p",
                          "http+unix:///run/p?x",
                          "http+unix:///run/%00p",
                          "http+unix:///run/%p",
                          "http://localhost/run/p",
                          "socks5h://localhost:1080/run/p",
                          "socks5h://proxy.example/run/p"})
    CHECK(!error_of_url(url).empty());
}

TEST_CASE("user and password are percent-decoded; an '@' in them needs no escape") {
  const struct {
    const char* url;
    std::optional<std::string> user;
    std::optional<std::string> password;
  } table[] = {
      {"http://h", std::nullopt, std::nullopt},
      {"http://@h", std::nullopt, std::nullopt},
      {"http://alice@h", "alice", std::nullopt},
      {"http://alice:@h", "alice", ""},
      {"http://:secret@h", "", "secret"},
      {"http://alice:se:cr:et@h", "alice", "se:cr:et"},
      {"http://a%40b%3Ac:%2f%2F%20%25@h", "a@b:c", "// %"},
      {"http://a@b:c@d@h:8080", "a", std::nullopt},
      {"http://%00:%0a%ff@h", "\0"s, "\n\xff"},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.url));
    const Proxy proxy = parse_proxy(row.url);
    CHECK(proxy.host == "h");
    if (std::string(row.url).find("b:c@d") == std::string::npos) {
      CHECK(proxy.user == row.user);
      CHECK(proxy.password == row.password);
    } else {
      CHECK(proxy.user == "a@b");
      CHECK(proxy.password == "c@d");
      CHECK(proxy.port == 8080);
    }
  }
}

TEST_CASE("TLS to the proxy is a scheme of its own, which needs a name") {
  const Proxy proxy = parse_proxy("HTTPS://alice:secret@proxy.example");
  CHECK(proxy.scheme == ProxyScheme::https);
  CHECK(to_string(proxy) == "https://proxy.example:443");
  CHECK(parse_proxy("https://[2001:db8::1]:8443").port == 8443);
  CHECK(error_of_url("https+unix:///run/proxy") ==
        "a proxy on a Unix socket has no name that its certificate could be for\n"
        "without TLS it is http+unix:///PATH");
  CHECK_FALSE(error_of_url("https://localhost/run/proxy").empty());
}

TEST_CASE("an unknown scheme is told those that are known") {
  for (const char* scheme : {"socks6", "socks+unix2", "ftp", "h2"})
    CHECK(error_of_url(scheme + "://proxy.example"s) ==
          "proxy scheme '"s + scheme + "' is none of socks4, socks4a, socks5, socks5h, http and https\n");
}

TEST_CASE("what is no URL of a proxy is refused, and its error shows neither user nor password") {
  for (const std::string& url : {""s,
                                 "alice"s,
                                 "alice:secret@proxy.example:1080"s,
                                 "http:alice:secret@h"s,
                                 "http:/alice:secret@h"s,
                                 "://alice:secret@h"s,
                                 "alice:secret://h"s,
                                 "1alice://secret@h"s,
                                 "http://"s,
                                 "http:///"s,
                                 "http://alice:secret@"s,
                                 "http://alice:secret"s,
                                 "http://alice:secret@:80"s,
                                 "http://alice:sec/ret@h"s,
                                 "http://alice:secret@h/path"s,
                                 "http://alice:secret@h//"s,
                                 "http://alice:secret@h?alice=secret"s,
                                 "http://alice:secret@h#alice"s,
                                 "http://alice:secret@h:0"s,
                                 "http://alice:secret@h:65536"s,
                                 "http://alice:secret@h:1x"s,
                                 "http://alice:secret@h:-1"s,
                                 "http://alice:secret@h: 1"s,
                                 "http://alice:secret @h"s,
                                 " http://alice:secret@h"s,
                                 "http://alice:secret@h\n"s,
                                 "http://alice:secret\0@h"s,
                                 "http://alice:secret@h\x7f"s,
                                 "http://alice:sec\x7fret@h"s,
                                 "http://alice:secret%@h"s,
                                 "http://alice:secret%4@h"s,
                                 "http://alice:secret%4x@h"s,
                                 "http://alice:secret%-1@h"s,
                                 "http://alice:secret@[::1"s,
                                 "http://alice:secret@[::1]x"s,
                                 "http://alice:secret@[::1]80"s,
                                 "http://alice:secret@[]"s,
                                 "http://alice:secret@[h]"s,
                                 "http://alice:secret@[192.0.2.1]"s,
                                 "http://alice:secret@[192.0.2.1%a:b]"s,
                                 "http://alice:secret@[fe80::1%]"s,
                                 "http://alice:secret@::1"s,
                                 "http://alice:secret@2001:db8::1:80"s,
                                 "http://alice:secret@-h"s,
                                 "http://alice:secret@a..b"s,
                                 "http://alice:secret@1.2.3"s,
                                 "http://alice:secret@h%41"s,
                                 "http://alice:secret@[::1]secret:80"s,
                                 "https+unix://alice:secret@/h"s,
                                 "socks7://alice:secret@h"s}) {
    CAPTURE(printable(url));
    const std::string error = error_of_url(url);
    CHECK_FALSE(error.empty());
    CHECK(error.find("alice") == std::string::npos);
    CHECK(error.find("sec") == std::string::npos);
  }
}

TEST_CASE("NO_PROXY lists names with their subdomains, addresses, ranges, or everything") {
  const struct {
    const char* list;
    const char* host;
    bool expected;
  } table[] = {
      {"", "db.example", false},
      {"*", "db.example", true},
      {"*", "192.0.2.1", true},
      {"a.example, *", "2001:db8::1", true},
      {"example.org", "example.org", true},
      {"example.org", "db.example.org", true},
      {".example.org", "example.org", true},
      {".example.org", "db.example.org", true},
      {"example.org", "badexample.org", false},
      {".example.org", "badexample.org", false},
      {"db.example.org", "example.org", false},
      {"EXAMPLE.org", "Db.Example.ORG", true},
      {"example.org.", "db.example.org", true},
      {"example.org", "db.example.org.", true},
      {"a,b c\td\n,,example.org,", "example.org", true},
      {"a b c", "example.org", false},
      {".", "example.org", false},
      {"..", "example.org", false},
      {".", "a..", false},
      {"org", "example.org", true},
      {"*.example.org", "db.example.org", true},
      {"*.example.org", "a.db.example.org", true},
      {"*.example.org", "anexample.org", false},
      {"*example.org", "db.example.org", false},
      {"db.*", "db.example", false},
      {"example.org:22", "example.org", true},
      {"example.org:22", "db.example.org", true},
      {"example.org:23", "example.org", false},
      {"example.org:", "example.org", false},
      {"example.org:x", "example.org", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"2.1", "192.0.2.1", false},
      {"192.0.2.1", "a.192.0.2.1", false},
      {"192.0.2.1:22", "192.0.2.1", true},
      {"192.0.2.1:23", "192.0.2.1", false},
      {"2001:db8::1", "2001:DB8:0::1", true},
      {"2001:db8::1", "[2001:db8::1]", true},
      {"[2001:db8::1]", "2001:db8::1", true},
      {"[2001:db8::1]:22", "2001:db8::1", true},
      {"[2001:db8::1]:23", "2001:db8::1", false},
      {"2001:db8::1:22", "2001:db8::1", false},
      {"192.0.2.1", "::ffff:192.0.2.1", true},
      {"fe80::1%lo", "fe80::1%lo", true},
      {"fe80::1%lo", "fe80::1%eth7", false},
      {"fe80::1", "fe80::1%lo", false},
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.77/24", "192.0.2.1", true},
      {"192.0.2.0/24", "192.0.3.1", false},
      {"192.0.2.0/31", "192.0.2.1", true},
      {"192.0.2.0/31", "192.0.2.2", false},
      {"0.0.0.0/0", "192.0.2.1", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.1", false},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::1", false},
      {"fe80::/10", "fe80::1%lo", true},
      {"192.0.2.0/33", "192.0.2.0", false},
      {"192.0.2.0/", "192.0.2.0", false},
      {"192.0.2.0/x", "192.0.2.0", false},
      {"192.0.2.0/-1", "192.0.2.0", false},
      {"192.0.2.0/24:22", "192.0.2.0", false},
      {"2001:db8::/129", "2001:db8::", false},
      {"/24", "192.0.2.0", false},
      {"example.org/24", "example.org", false},
      {"192.0.2.0/24", "db.example", false},
      {"db.example", "localhost", false},
      {"", "localhost", false},
      {"localhost", "localhost", true},
      {"localhost", "127.0.0.1", false},
      {"]:22", "db.example", false},
      {"[:22", "db.example", false},
      {":22", "db.example", false},
      {"[]", "db.example", false},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.list));
    CAPTURE(std::string(row.host));
    CHECK(is_listed(row.list, row.host, 22) == row.expected);
  }
}

TEST_CASE("the file's first entry with the proxy's kind, host and port counts") {
  const std::string file =
      "# for the office\n"
      "\n"
      "  https://alice:for-git@proxy.example:3128/some/path  \r\n"
      "http://alice:one@proxy.example:3128\r\n"
      "http://bob:two@PROXY.example.:3128/ # no longer alice\n"
      "socks5://carol:thr%20ee@proxy.example\n"
      "socks4://dave@192.0.2.1:99\n"
      "\t#http://eve:five@proxy.example\n"
      "http://frank:six@[2001:db8:0::1]\n"
      "https://grace:seven@proxy.example:3129\n"
      "https://heidi:eight@proxy.example/";
  const auto found = [&file](const char* url) {
    const auto credentials = find_credentials(file, parse_proxy(url));
    return credentials ? credentials->user + ' ' + credentials->password : "none";
  };
  CHECK(found("http://proxy.example:3128") == "alice one");
  CHECK(found("http://bob@proxy.example:3128") == "bob two");
  CHECK(found("http://eve@proxy.example:3128") == "none");
  CHECK(found("http://proxy.example") == "none");
  CHECK(found("http://other.example:3128") == "none");
  CHECK(found("http://proxy.example:1080") == "none");
  for (const char* scheme : {"socks4", "socks4a", "socks5", "socks5h"})
    CHECK(found((scheme + "://proxy.example"s).c_str()) == "carol thr ee");
  CHECK(found("socks5://192.0.2.1:99") == "dave ");
  CHECK(found("https://proxy.example:3128") == "none");
  CHECK(found("http://proxy.example:3129") == "none");
  CHECK(found("https://proxy.example:3129") == "grace seven");
  CHECK(found("https://proxy.example") == "heidi eight");
  CHECK(found("http://[2001:db8::1]:80") == "frank six");
  CHECK(find_credentials("", parse_proxy("http://h")) == std::nullopt);
}

TEST_CASE("a password that comes without its proxy's name is for one proxy or for none") {
  const auto owner = [](std::initializer_list<const char*> urls) {
    std::vector<Proxy> chain;
    for (const char* url : urls) chain.push_back(parse_proxy(url));
    const auto found = owner_of_unnamed_password(chain);
    return found ? static_cast<int>(*found) : -1;
  };
  CHECK(owner({}) == -1);
  CHECK(owner({"http://a"}) == 0);
  CHECK(owner({"http://alice:secret@a"}) == 0);
  CHECK(owner({"http://a", "http://b"}) == -1);
  CHECK(owner({"http://a", "http://alice@b"}) == 1);
  CHECK(owner({"http://alice@a", "http://b"}) == 0);
  CHECK(owner({"http://alice@a", "http://bob@b"}) == -1);
  CHECK(owner({"http://alice:secret@a", "http://b"}) == -1);
  CHECK(owner({"http://alice:secret@a", "http://bob@b"}) == 1);
}

TEST_CASE("a line that is no URL is named by its number, and nothing of it is told") {
  for (const std::string& line : {"alice:secret"s,
                                  "http://alice:secret"s,
                                  "http://alice:se#cret@h"s,
                                  "http://h"s,
                                  "http://alice:secret@h alice:secret@h"s,
                                  "alice:secret@h"s,
                                  "machine h login alice"s,
                                  "http://alice:secret@h/alice"s,
                                  "alice:x://secret@h"s,
                                  "http://alice:\0secret@h"s}) {
    CAPTURE(printable(line));
    const std::string error = error_of([&line] {
      find_credentials("http://bob:two@h\n\n" + line + "\nhttp://bob:two@h\n",
                       parse_proxy("http://h"));
    });
    CHECK(error.starts_with("line 3 of the authentication file: "));
    CHECK(error.find("alice") == std::string::npos);
    CHECK(error.find("secret") == std::string::npos);
  }
}

}  // namespace gladhand::proxy_test
