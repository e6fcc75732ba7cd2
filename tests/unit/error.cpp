// How gladhand ends: the statuses, the errors that carry them, and text fit for a terminal.
#include "gladhand/error.hpp"

#include <doctest/doctest.h>

#include <string>

namespace gladhand::error_test {

TEST_CASE("the exit statuses are sysexits(3) numbers, and none reads as skipped or error") {
  const struct {
    ExitStatus status;
    int expected;
  } table[] = {
      {ExitStatus::handed_over, 0},
      {ExitStatus::usage, 64},
      {ExitStatus::no_address, 68},
      {ExitStatus::all_attempts_failed, 69},
      {ExitStatus::not_handed_over, 71},
      {ExitStatus::timed_out, 75},
  };
  for (const auto& [status, expected] : table) {
    CHECK(static_cast<int>(status) == expected);
    CHECK(static_cast<int>(status) != 77);
    CHECK(static_cast<int>(status) != 99);
  }
}

TEST_CASE("an error carries its message, its hint and its status") {
  const Error plain(ExitStatus::not_handed_over, "standard output is not a socket");
  CHECK(std::string(plain.what()) == "standard output is not a socket");
  CHECK(plain.hint().empty());
  CHECK(plain.status() == ExitStatus::not_handed_over);
  CHECK(Error(ExitStatus::timed_out, "late", "wait longer").hint() == "wait longer");
}

TEST_CASE("a usage error ends with status 64") {
  const UsageError error("the host is empty", "name one");
  CHECK(error.status() == ExitStatus::usage);
  CHECK(std::string(error.what()) == "the host is empty");
  CHECK(error.hint() == "name one");
  CHECK_THROWS_AS(throw UsageError("x"), Error);
}

TEST_CASE("printable ASCII is shown as it is, every other byte as \\xHH") {
  CHECK(printable("db.example") == "db.example");
  CHECK(printable("") == "");
  CHECK(printable(" ~!\"'") == " ~!\"'");
  CHECK(printable("a\nb") == "a\\x0ab");
  CHECK(printable("\x1b[31m") == "\\x1b[31m");
  CHECK(printable("\x7f\x80\xff") == "\\x7f\\x80\\xff");
  CHECK(printable("\xc3\xa4") == "\\xc3\\xa4");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("no byte whatever reaches the terminal but printable ASCII") {
  for (int byte = 0; byte < 256; ++byte) {
    const char text[] = {static_cast<char>(byte)};
    for (const std::string& shown :
         {printable(std::string_view(text, 1)), in_quotes(std::string_view(text, 1))}) {
      CAPTURE(byte);
      CHECK_FALSE(shown.empty());
      CHECK(shown.find_first_not_of(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") == std::string::npos);
    }
  }
}

TEST_CASE("a text of 300 characters is shown whole") {
  const std::string text(300, 'a');
  CHECK(printable(text) == text);
  CHECK(in_quotes(text) == '\'' + text + '\'');
}

TEST_CASE("a longer text is cut after 300 characters, and says so") {
  const std::string shown(300, 'a');
  for (const std::size_t length : {301U, 302U, 100'000U}) {
    CAPTURE(length);
    const bool cut = printable(std::string(length, 'a')) == shown + "...";
    const bool cut_in_quotes = in_quotes(std::string(length, 'a')) == '\'' + shown + "...'";
    CHECK(cut);
    CHECK(cut_in_quotes);
  }
  CHECK(printable(std::string(100'000, '\n')).size() <= 310);
}

TEST_CASE("a word of the user's stands in single quotes, those inside shown as \\x27") {
  CHECK(in_quotes("db.example") == "'db.example'");
  CHECK(in_quotes("") == "''");
  CHECK(in_quotes("it's") == "'it\\x27s'");
  CHECK(in_quotes("'") == "'\\x27'");
  CHECK(in_quotes("a\nb") == "'a\\x0ab'");
}

}  // namespace gladhand::error_test
