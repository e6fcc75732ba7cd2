// What is left of somebody else's text when a program is to read it.
#include "base/clean_text.hpp"

#include <doctest/doctest.h>

#include <string>

using gladhand::clean_text;
using namespace std::string_literals;

TEST_CASE("text in UTF-8 stays as it is") {
  for (const std::string& text : {""s,
                                  "db.example"s,
                                  R"(a"b\c'=,;)"s,
                                  "\xc2\xa0"s,          // U+00A0, the first behind the controls
                                  "\xdf\xbf"s,          // U+07FF
                                  "\xe0\xa0\x80"s,      // U+0800
                                  "\xed\x9f\xbf"s,      // U+D7FF
                                  "\xee\x80\x80"s,      // U+E000
                                  "\xf0\x90\x80\x80"s,  // U+10000
                                  "\xf4\x8f\xbf\xbf"s}) {
    CHECK(clean_text(text) == text);
  }
}

TEST_CASE("control characters are told by their bytes") {
  CHECK(clean_text("\0\t\n\r\x1b\x1f\x7f"s) == R"(\x00\x09\x0a\x0d\x1b\x1f\x7f)");
  CHECK(clean_text("\xc2\x80\xc2\x9f") == R"(\xc2\x80\xc2\x9f)");  // C1
  CHECK(clean_text("\xe2\x80\xa8\xe2\x80\xae") ==
        R"(\xe2\x80\xa8\xe2\x80\xae)");  // lines, direction
  CHECK(clean_text("\xe2\x81\xa6") == R"(\xe2\x81\xa6)");
}

TEST_CASE("[RFC 3629 §3] what is no UTF-8 is told by its bytes") {
  CHECK(clean_text("\x80z") == R"(\x80z)");
  CHECK(clean_text("\xc0\xaf") == R"(\xc0\xaf)");                  // overlong
  CHECK(clean_text("\xe0\x9f\xbf") == R"(\xe0\x9f\xbf)");          // overlong
  CHECK(clean_text("\xf0\x8f\xbf\xbf") == R"(\xf0\x8f\xbf\xbf)");  // overlong
  CHECK(clean_text("\xed\xa0\x80") == R"(\xed\xa0\x80)");          // a surrogate
  CHECK(clean_text("\xf4\x90\x80\x80") == R"(\xf4\x90\x80\x80)");  // beyond U+10FFFF
  CHECK(clean_text("\xf8\xff") == R"(\xf8\xff)");
  CHECK(clean_text("\xc3(") == R"(\xc3()");  // cut short, and what follows is there
  CHECK(clean_text("\xe2\x82") == R"(\xe2\x82)");
}
