// The input is the body of a history file, for which a checksum is made up, and a file as it is: what
// is read is written as it was read, and nothing but that.
#include "base/fnv.hpp"
#include "fuzz.hpp"
#include "race/history_text.hpp"

namespace {

void read(const std::string& text) {
  const auto file = gladhand::read_history_text(text);
  if (!file) return;
  const std::string written = gladhand::history_text(*file);
  const auto again = gladhand::read_history_text(written);
  fuzz::check(static_cast<bool>(again));
  fuzz::check(gladhand::history_text(*again) == written);
  fuzz::check(!gladhand::is_of_another_version(written));
}

// What dials make of numbers that nobody has counted.
void use(const gladhand::History& known) {
  gladhand::History history = known;
  std::vector<gladhand::Candidate> candidates;
  for (const gladhand::KnownEndpoint& it : history.endpoints) {
    candidates.push_back({it.endpoint, {}});
    const auto delay = gladhand::followed_delay(history, it.endpoint);
    fuzz::check(!delay || *delay >= gladhand::min_followed_delay);
  }
  fuzz::check(gladhand::standings(history, candidates).size() == candidates.size());
  std::vector<gladhand::HistoryChange> changes;
  for (const auto& it : candidates)
    changes.push_back({gladhand::HistoryChange::What::won, it.endpoint});
  gladhand::learn(history, changes, "db.example", std::chrono::seconds(1), std::chrono::hours(1));
  fuzz::check(history.endpoints.size() <= gladhand::most_known_endpoints);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(fuzz::text_of(data, size));
  read(input);
  const std::string body = "network eth0, gateway 192.0.2.1\n" + input;
  const std::string empty = gladhand::history_text({});
  const std::string head = empty.substr(0, empty.find('\n') - gladhand::fnv_1a_text("").size());
  const std::string text = head + gladhand::fnv_1a_text(body) + '\n' + body;
  read(text);
  if (const auto file = gladhand::read_history_text(text)) use(file->history);
  return 0;
}
