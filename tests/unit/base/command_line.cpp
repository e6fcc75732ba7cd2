// Commands of the user's: how a line becomes words without a shell.
#include "base/command_line.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace gladhand::command_line_test {

using Words = std::vector<std::string>;

struct Row {
  const char* text;
  Words expected;
};

TEST_CASE("blanks separate words, however many there are") {
  const Row table[] = {
      {"", {}},
      {" \t\n ", {}},
      {"wake", {"wake"}},
      {"wake db 9", {"wake", "db", "9"}},
      {"  wake \t db\n9  ", {"wake", "db", "9"}},
      {"wake\rdb", {"wake\rdb"}},  // no blank of a shell's
  };
  for (const Row& row : table) {
    CAPTURE(std::string(row.text));
    CHECK(split_command(row.text) == row.expected);
  }
}

TEST_CASE("quotes hold blanks and the other quote, and are gone afterwards") {
  const Row table[] = {
      {"'a b'", {"a b"}},
      {"\"a b\"", {"a b"}},
      {"'a  b' \"c\td\"", {"a  b", "c\td"}},
      {"'say \"no\"' \"don't\"", {"say \"no\"", "don't"}},
      {"a' 'b\" \"c", {"a b c"}},
      {"--to='a b'", {"--to=a b"}},
      {"'a''b'", {"ab"}},
      {"'a\nb'", {"a\nb"}},
  };
  for (const Row& row : table) {
    CAPTURE(std::string(row.text));
    CHECK(split_command(row.text) == row.expected);
  }
}

TEST_CASE("empty quotes are a word, or add nothing to one") {
  const Row table[] = {
      {"''", {""}},
      {"\"\"", {""}},
      {"a '' b", {"a", "", "b"}},
      {"'' ''", {"", ""}},
      {"a''b\"\"", {"ab"}},
  };
  for (const Row& row : table) {
    CAPTURE(std::string(row.text));
    CHECK(split_command(row.text) == row.expected);
  }
}

TEST_CASE("a backslash takes the next character as it is, but not inside single quotes") {
  const Row table[] = {
      {"a\\ b", {"a b"}},
      {"\\ ", {" "}},
      {"a\\\\b", {"a\\b"}},
      {"\\'a \\\"b", {"'a", "\"b"}},
      {"\"a\\\"b\"", {"a\"b"}},
      {"\"a\\ b\\n\"", {"a bn"}},
      {"'a\\b'", {"a\\b"}},
      {"'a\\' b", {"a\\", "b"}},
      {"a\\\nb", {"a\nb"}},
  };
  for (const Row& row : table) {
    CAPTURE(std::string(row.text));
    CHECK(split_command(row.text) == row.expected);
  }
}

TEST_CASE("nothing is expanded, and no character but these is special") {
  const Row table[] = {
      {"echo $HOME ~ * ? `id` $(id)", {"echo", "$HOME", "~", "*", "?", "`id`", "$(id)"}},
      {"a;b|c&d>e<f #g !h {i,j}", {"a;b|c&d>e<f", "#g", "!h", "{i,j}"}},
      {"\xc3\xa4 \xff", {"\xc3\xa4", "\xff"}},
  };
  for (const Row& row : table) {
    CAPTURE(std::string(row.text));
    CHECK(split_command(row.text) == row.expected);
  }
}

TEST_CASE("an open quote or a backslash at the end makes no command") {
  for (const char* text :
       {"'", "\"", "a 'b", "a \"b", "a \"b'", "a 'b\"", "\\", "a b\\", "\"a\\", "\"a\\\""}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(split_command(text));
  }
}

}  // namespace gladhand::command_line_test
