#include "dial/history_keeper.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dns/system_network.hpp"
#include "names/system_files.hpp"
#include "sys/environment.hpp"
#include "sys/private_folder.hpp"

namespace gladhand {

namespace {

using std::chrono::seconds;

constexpr std::string_view beginning = "network-";
constexpr std::size_t most_networks = 32;
constexpr seconds clock_skew{60};

seconds wall_time() {
  return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch());
}

// What else than the network decides where packets go.
std::string way_of(const SocketSettings& settings) {
  std::string text = settings.interface;
  for (const Endpoint& it : settings.bind) text += " from " + to_string(it);
  for (const SocketOption& it : settings.options)
    if (it.steers_route) text += " by " + it.asked;
  return text;
}

std::optional<NetworkIdentity> identify_network(const SocketSettings& settings) {
  SystemNetwork network;
  return identify(network.default_routes(), network.prefixes(), way_of(settings));
}

Result<PrivateFolder> open_folder(const std::string& path, PrivateFolder::Missing missing) {
  if (path.empty()) return Error(ExitStatus::not_handed_over, "there is no home to keep it in");
  return PrivateFolder::open(path, missing);
}

Result<HistoryFile> read_history(const Result<std::string>& text) {
  if (!text) return text.error();
  Result<HistoryFile> read = read_history_text(*text);
  if (read && read->written > wall_time() + clock_skew)
    return Error(ExitStatus::not_handed_over, "the clock was set back since it was written");
  return read;
}

std::string file_of(const NetworkIdentity& network) {
  return std::string(beginning) + network.name;
}

Result<std::vector<PrivateFolder::File>> files_of(const PrivateFolder& folder) {
  Result<std::vector<PrivateFolder::File>> files = folder.files();
  if (!files)
    return Error(files.error().status(), "histories: " + std::string(files.error().what()));
  std::erase_if(*files, [](const auto& it) { return !it.name.starts_with(beginning); });
  return files;
}

// For a command that is about nothing else.
[[noreturn]] void fail(const PrivateFolder::File& file, const Error& why) {
  throw Error(why.status(), "history " + in_quotes(file.name) + ": " + why.what());
}

// The network that was used longest ago goes first.
void make_room(const PrivateFolder& folder) {
  Result<std::vector<PrivateFolder::File>> files = files_of(folder);
  if (!files) return;  // the next new network makes it
  std::ranges::sort(*files, std::ranges::greater(), &PrivateFolder::File::changed);
  for (std::size_t i = most_networks; i < files->size(); ++i)
    static_cast<void>(folder.remove((*files)[i].name));
}

}  // namespace

std::string usual_history_folder() {
  const auto state = environment_variable({"XDG_STATE_HOME"});
  if (state && state->starts_with('/')) return *state + "/gladhand";
  const auto home = environment_variable({"HOME"});
  if (!home || !home->starts_with('/')) return "";
  return *home + "/.local/state/gladhand";
}

HistoryKeeper::Reading HistoryKeeper::read(const SocketSettings& settings) const {
  Reading reading;
  const auto network = identify_network(settings);
  if (!network) {
    reading.report.why_not = "no gateway has a link-layer address by which the network is known";
    return reading;
  }
  reading.network = *network;
  reading.report.network = network->name;
  const Result<PrivateFolder> folder = open_folder(folder_, PrivateFolder::Missing::is_made);
  Result<std::string> text = folder ? folder->read(file_of(*network)) : folder.error();
  Result<HistoryFile> file = read_history(text);
  if (file) {
    reading.report.endpoints = file->history.endpoints.size();
    reading.text = std::make_shared<const std::string>(std::move(*text));
  } else {
    reading.report.why_not = file.error().what();
  }
  // What is damaged is empty: it is written anew.
  reading.history = std::make_shared<History>(file ? std::move(file->history) : History());
  return reading;
}

void HistoryKeeper::learn(const Reading& reading,
                          const std::string& host,
                          const std::vector<HistoryChange>& changes,
                          std::optional<std::chrono::microseconds> round_trip) {
  if (reading.history && !changes.empty()) lessons_.push_back({reading, host, changes, round_trip});
}

std::optional<HistoryWritten> HistoryKeeper::write() {
  HistoryWritten written;
  for (Lesson& lesson : std::exchange(lessons_, {})) {
    std::ranges::copy(lesson.changes, std::back_inserter(written.changes));
    if (const auto error = write(lesson)) written.why_not = error->what();
  }
  if (written.changes.empty()) return std::nullopt;
  return written;
}

std::optional<Error> HistoryKeeper::write(Lesson& lesson) const {
  const Result<PrivateFolder> folder = open_folder(folder_, PrivateFolder::Missing::is_made);
  if (!folder) return folder.error();
  bool is_new = false;
  bool is_foreign = false;
  auto error = folder->update(file_of(lesson.reading.network), [&](std::string before) {
    is_new = before.empty();
    is_foreign = is_of_another_version(before);
    if (is_foreign) return before;
    HistoryFile file;
    std::shared_ptr<History>& known = lesson.reading.history;
    // Usually nobody has written meanwhile: it need not be read again.
    if (lesson.reading.text && before == *lesson.reading.text) {
      file.history = known.use_count() == 1 ? std::move(*known) : *known;
    } else if (Result<HistoryFile> read = read_history(before)) {
      file = std::move(*read);
    }
    file.network = lesson.reading.network.words;
    file.written = wall_time();
    gladhand::learn(file.history, lesson.changes, lesson.host, lesson.round_trip, file.written);
    return history_text(file, before);
  });
  if (is_foreign) return Error(ExitStatus::not_handed_over, "its file is of another version");
  if (is_new) make_room(*folder);
  return error;
}

std::vector<HistoryKeeper::Network> HistoryKeeper::networks() const {
  std::vector<Network> networks;
  const PrivateFolder folder = open_folder(folder_, PrivateFolder::Missing::is_made).or_throw();
  for (const PrivateFolder::File& it : files_of(folder).or_throw()) {
    const Result<HistoryFile> file = read_history(folder.read(it.name));
    if (file && file->network.empty()) continue;  // another process has forgotten it meanwhile
    networks.push_back({it.name.substr(beginning.size()),
                        file ? *file : HistoryFile(),
                        file ? "" : file.error().what()});
  }
  std::ranges::sort(
      networks, std::ranges::greater(), [](const Network& it) { return it.file.written; });
  return networks;
}

std::size_t HistoryKeeper::forget(const std::string& host) const {
  const PrivateFolder folder = open_folder(folder_, PrivateFolder::Missing::is_made).or_throw();
  std::size_t forgotten = 0;
  for (const PrivateFolder::File& it : files_of(folder).or_throw()) {
    const auto error = folder.update(it.name, [&](std::string before) {
      Result<HistoryFile> file = read_history_text(before);
      if (!file) return before;
      const std::size_t erased = std::erase_if(file->history.endpoints, [&](const auto& known) {
        return equal_names(known.host, host) || to_string(known.endpoint) == host;
      });
      forgotten += erased;
      // With nothing left, what was said of the families stands on nothing.
      if (file->history.endpoints.empty()) return std::string();
      return erased == 0 ? before : history_text(*file, before);
    });
    if (error) fail(it, *error);
  }
  return forgotten;
}

std::size_t HistoryKeeper::forget_all() const {
  const PrivateFolder folder = open_folder(folder_, PrivateFolder::Missing::is_made).or_throw();
  const std::vector<PrivateFolder::File> files = files_of(folder).or_throw();
  for (const PrivateFolder::File& it : files)
    if (const auto error = folder.remove(it.name)) fail(it, *error);
  return files.size();
}

}  // namespace gladhand
