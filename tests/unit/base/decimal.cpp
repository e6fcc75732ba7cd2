// Decimal numbers: what is one, how much of a text it takes, and that it is the nearest double.
#include "base/decimal.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>

namespace gladhand::decimal_test {

TEST_CASE("digits, and one point among or beside them, are a decimal number") {
  CHECK(read_decimal("0") == 0.0);
  CHECK(read_decimal("250") == 250.0);
  CHECK(read_decimal("0.1") == 0.1);
  CHECK(read_decimal(".5") == 0.5);
  CHECK(read_decimal("2.") == 2.0);
  CHECK(read_decimal("007.250") == 7.25);
  CHECK(read_decimal("0.001") == 0.001);
  CHECK(read_decimal("123456.789012345") == 123456.789012345);
}

TEST_CASE("signs, exponents, words and a lone point are none") {
  for (const char* text :
       {"", ".", "-1", "+1", "1e3", "inf", "nan", "0x10", " 1", "1 ", "1.2.3", "1,5"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(read_decimal(text));
  }
}

TEST_CASE("what follows a number is left") {
  std::string_view text = "1.5ms";
  CHECK(take_decimal(text) == 1.5);
  CHECK(text == "ms");
  CHECK_FALSE(take_decimal(text));
  CHECK(text == "ms");
}

TEST_CASE("a number of any length is as large as it says, or none") {
  CHECK(read_decimal("100000000000000000000") == 1e20);
  CHECK(read_decimal("0." + std::string(400, '0') + "1") == 0.0);
  CHECK(read_decimal("1." + std::string(400, '9')) == doctest::Approx(2.0));
  CHECK(read_decimal(std::string(308, '9')) == doctest::Approx(1e308));
  CHECK_FALSE(read_decimal(std::string(400, '9')));
}

TEST_CASE("numbers of up to 15 digits are read as strtod(3) reads them") {
  std::minstd_rand generator(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const int digits = std::uniform_int_distribution(1, 15)(generator);
    for (int digit = 0; digit < digits; ++digit)
      text += static_cast<char>('0' + std::uniform_int_distribution(0, 9)(generator));
    text.insert(std::uniform_int_distribution<std::size_t>(0, text.size())(generator), ".");
    CAPTURE(text);
    REQUIRE(read_decimal(text) == std::stod(text));
  }
}

}  // namespace gladhand::decimal_test
