#include "strategy/pattern.hpp"

#include <doctest/doctest.h>

#include <array>

#include "strategy/nearest.hpp"

namespace gladhand::pattern_test {

TEST_CASE("a pattern is all of the text") {
  CHECK(matches_pattern("db.example", "db.example"));
  CHECK(matches_pattern("DB.example", "db.EXAMPLE"));
  CHECK_FALSE(matches_pattern("db.example", "db"));
  CHECK_FALSE(matches_pattern("db", "db.example"));
  CHECK_FALSE(matches_pattern("x", ""));
  CHECK(matches_pattern("", ""));
}

TEST_CASE("'*' is any characters, '?' is one") {
  CHECK(matches_pattern("a.b.example", "*.example"));
  CHECK_FALSE(matches_pattern("example", "*.example"));
  CHECK(matches_pattern("", "*"));
  CHECK(matches_pattern("db1", "db?"));
  CHECK_FALSE(matches_pattern("db", "db?"));
  CHECK_FALSE(matches_pattern("db12", "db?"));
  CHECK(matches_pattern("abcabd", "*ab?"));
  CHECK(matches_pattern("axbxc", "a*b*c"));
  CHECK_FALSE(matches_pattern("axbx", "a*b*c"));
  CHECK(matches_pattern("wlp3s0", "w***0"));
}

TEST_CASE("a pattern of many stars takes no time to fail") {
  const std::string text(2000, 'a');
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  CHECK_FALSE(matches_pattern(text, pattern + 'b'));
}

TEST_CASE("one of a list must match, and none that is negated") {
  CHECK(matches_list("db.example", {"web.example", "db.*"}));
  CHECK(matches_list("db.example", {"web.example, db.*"}));
  CHECK_FALSE(matches_list("db.example", {"*", "!db.*"}));
  CHECK_FALSE(matches_list("db.example", {"!db.*", "*"}));
  CHECK(matches_list("web.example", {"!db.*,*"}));
  CHECK_FALSE(matches_list("web.example", {"!db.*"}));  // as in ssh_config(5)
  CHECK_FALSE(matches_list("web.example", {}));
}

TEST_CASE("what is near a word is found, what is not, is not") {
  const std::array<std::string, 4> known = {"timeout", "trace", "host", "4"};
  CHECK(nearest("tiemout", known) == "timeout");
  CHECK(nearest("time-out", known) == "timeout");
  CHECK(nearest("trce", known) == "trace");
  CHECK(nearest("hosts", known) == "host");
  CHECK(nearest("proxy", known).empty());
  CHECK(nearest("v", known).empty());
  CHECK(nearest(std::string(100000, 't'), known).empty());
}

}  // namespace gladhand::pattern_test
