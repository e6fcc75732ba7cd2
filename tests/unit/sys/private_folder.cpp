#include "sys/private_folder.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace gladhand {
namespace {

namespace fs = std::filesystem;
using Missing = PrivateFolder::Missing;

class Place {
 public:
  std::string path(const std::string& below = "") const { return top_.path() + "/a/b" + below; }
  PrivateFolder folder() const { return std::move(*PrivateFolder::open(path(), Missing::is_made)); }

 private:
  TemporaryFolder top_;
};

std::string why_not(const std::optional<Error>& error) {
  return error ? error->what() : "";
}

std::optional<Error> write(const PrivateFolder& folder, const std::string& text) {
  return folder.update("it", [&text](const std::string&) { return text; });
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a private folder is made when it is written to, for its owner alone") {
  const Place place;
  CHECK(!PrivateFolder::open(place.path(), Missing::is_error));
  const PrivateFolder folder = place.folder();
  CHECK(*folder.read("it") == "");
  CHECK(why_not(write(folder, "one")) == "");
  CHECK(*folder.read("it") == "one");
  CHECK(mode_of(place.path()) == 0700);
  CHECK(mode_of(place.path("/it")) == 0600);
  CHECK(folder.files()->size() == 1);
}

TEST_CASE("[XDG Base Directory Specification] so are the folders that it is to be in") {
  const Place place;
  const PrivateFolder folder = place.folder();
  CHECK(PrivateFolder::open(place.path("/state/gladhand"), Missing::is_made));
  CHECK(mode_of(place.path("/state")) == 0700);
}

TEST_CASE("a shorter text leaves nothing of a longer one, an empty one no file") {
  const Place place;
  const PrivateFolder folder = place.folder();
  write(folder, std::string(5000, 'x'));
  write(folder, "short");
  CHECK(*folder.read("it") == "short");
  write(folder, "");
  CHECK(folder.files()->empty());
}

TEST_CASE("what others could have written, or led astray, is not used") {
  const Place place;
  const PrivateFolder folder = place.folder();
  write(folder, "one");
  const auto refused = [&folder] {
    const auto read = folder.read("it");
    CHECK(!read);
    CHECK(why_not(write(folder, "two")) == read.error().what());
    return std::string(read.error().what());
  };
  fs::permissions(place.path("/it"), fs::perms(0620));
  CHECK(refused() == "it: others have access to it");
  fs::rename(place.path("/it"), place.path("/other"));
  fs::create_symlink(place.path("/other"), place.path("/it"));
  refused();
  fs::remove(place.path("/it"));
  REQUIRE(::mkfifo(place.path("/it").c_str(), 0600) == 0);
  CHECK(refused() == "it: it is something else");
  fs::create_directory_symlink(place.path(), place.path("/../link"));
  CHECK(!PrivateFolder::open(place.path("/../link"), Missing::is_made));
  fs::permissions(place.path(), fs::perms(0770));
  const auto open = PrivateFolder::open(place.path(), Missing::is_error);
  REQUIRE(!open);
  CHECK(std::string(open.error().what()).ends_with("others have access to it"));
}

TEST_CASE("who holds a lock is not waited for") {
  const Place place;
  const PrivateFolder folder = place.folder();
  write(folder, "one");
  const UniqueFd other(::open(place.path("/it").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);
  CHECK(std::string(folder.read("it").error().what()) == "it: others have it locked");
  CHECK(why_not(write(folder, "two")) == "it: others have it locked");
  REQUIRE(::flock(other.get(), LOCK_SH) == 0);
  CHECK(*folder.read("it") == "one");
}

TEST_CASE("a file that is too long is not read, and written anew") {
  const Place place;
  const PrivateFolder folder = place.folder();
  write(folder, std::string(1 << 17, 'x'));
  CHECK(!folder.read("it"));
  std::string seen = "nothing";
  folder.update("it", [&seen](const std::string& before) {
    seen = before;
    return std::string("new");
  });
  CHECK(seen.empty());
  CHECK(*folder.read("it") == "new");
}

TEST_CASE("five hundred processes change one file, and no change that was made is lost") {
  constexpr int processes = 500;
  constexpr int changes_each = 4;
  const Place place;
  const PrivateFolder folder = place.folder();
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child > 0) {
      children.push_back(child);
      continue;
    }
    int made = 0;
    for (int n = 0; n < changes_each; ++n) {
      const bool refused = folder
                               .update("it",
                                       [](const std::string& before) {
                                         const int count = std::atoi(before.c_str());
                                         return std::to_string(count + 1) + std::string(4000, ' ');
                                       })
                               .has_value();
      made += refused ? 0 : 1;
      const auto text = folder.read("it");
      if (text && (text->size() < 4000 || text->back() != ' ')) ::_exit(99);
    }
    ::_exit(made);
  }
  int made = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) <= changes_each);
    made += WEXITSTATUS(status);
  }
  CHECK(made > 0);
  CHECK(std::atoi(folder.read("it")->c_str()) == made);
}

}  // namespace gladhand
