#include "sys/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace gladhand {
namespace {

// What read_lines makes of a file with that text.
std::vector<std::string> parts_of(const std::string& text) {
  char path[] = "/tmp/gladhand-unit-XXXXXX";
  const UniqueFd fd(::mkstemp(path));
  REQUIRE(fd);
  REQUIRE(write_all(fd.get(), text));
  std::vector<std::string> parts;
  read_lines(path, [&parts](std::string_view lines) { parts.emplace_back(lines); });
  ::unlink(path);
  return parts;
}

std::string lines(std::size_t count, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::string(length, 'x') + '\n';
  return text;
}

}  // namespace

TEST_CASE("a file is read in parts that end where a line does") {
  for (const std::string& text : {lines(1, 3),
                                  lines(5000, 40),
                                  lines(100, 16383),
                                  lines(3, 16384),
                                  lines(2, 100000),
                                  lines(5000, 40) + "no end",
                                  std::string("no end"),
                                  std::string(50000, 'x')}) {
    std::string whole;
    const std::vector<std::string> parts = parts_of(text);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      CHECK(!parts[i].empty());
      if (i + 1 < parts.size()) CHECK(parts[i].back() == '\n');
      whole += parts[i];
    }
    CHECK(whole == text);
  }
  CHECK(parts_of(lines(5000, 40)).size() > 1);
}

TEST_CASE("a file is read whole whatever its size, and up to a limit") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/file";
  for (const std::size_t size : {0U, 1U, 511U, 1023U, 1024U, 1025U, 4096U, 100000U}) {
    CAPTURE(size);
    const std::string text(size, 'x');
    const UniqueFd out(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    REQUIRE(write_all(out.get(), text));
    REQUIRE(::lseek(out.get(), 0, SEEK_SET) == 0);
    std::string read = "before ";
    CHECK(read_all(out.get(), read));
    CHECK(read == "before " + text);
    REQUIRE(::lseek(out.get(), 0, SEEK_SET) == 0);
    read.clear();
    CHECK(read_all(out.get(), read, size));
    if (size < 4096) continue;
    REQUIRE(::lseek(out.get(), 0, SEEK_SET) == 0);
    read.clear();
    CHECK(!read_all(out.get(), read, size - 1));
    CHECK(errno == EFBIG);
  }
  // What does not say its size.
  CHECK(!read_file("/proc/self/status").empty());
}

TEST_CASE("a file that is empty or not there has no part") {
  CHECK(parts_of("").empty());
  read_lines("/nonexistent/file", [](std::string_view) { FAIL("no line"); });
}

}  // namespace gladhand
