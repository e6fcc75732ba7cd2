// HistoryKeeper: the history of each network, in a folder of the user's. Whatever is wrong with it
// is a reason to dial without, and nothing worse.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/network_identity.hpp"
#include "gladhand/event.hpp"
#include "race/history.hpp"
#include "race/history_text.hpp"
#include "sys/socket_settings.hpp"

namespace gladhand {

/// $XDG_STATE_HOME/gladhand or ~/.local/state/gladhand; empty where there is no home.
std::string usual_history_folder();

class HistoryKeeper {
 public:
  /// Nothing is opened yet.
  explicit HistoryKeeper(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }

  struct Reading {
    std::shared_ptr<History> history{};         ///< null: not used
    std::shared_ptr<const std::string> text{};  ///< what it was read from
    NetworkIdentity network{};
    HistoryRead report{};
  };

  /// What is known of the network that this machine is on by now, where packets go as `settings`
  /// have it.
  Reading read(const SocketSettings& settings) const;

  /// What a dial for `host` has taught, to be written later. `round_trip` is the winner's.
  void learn(const Reading& reading,
             const std::string& host,
             const std::vector<HistoryChange>& changes,
             std::optional<std::chrono::microseconds> round_trip);

  /// Writes what was learned. Empty when that is nothing.
  std::optional<HistoryWritten> write();

  struct Network {
    std::string name;
    HistoryFile file;
    std::string fault;  ///< why `file` is empty
  };

  /// All that is kept. Throws Error when the folder cannot be used.
  std::vector<Network> networks() const;

  /// Forgets what is known of `host`, a name or an address, or everything. Returns of how many
  /// addresses, or networks. Throws Error when the folder cannot be used.
  std::size_t forget(const std::string& host) const;
  std::size_t forget_all() const;

 private:
  struct Lesson {
    Reading reading;
    std::string host;
    std::vector<HistoryChange> changes;
    std::optional<std::chrono::microseconds> round_trip;
  };

  std::optional<Error> write(Lesson& lesson) const;

  std::string folder_;
  std::vector<Lesson> lessons_;
};

}  // namespace gladhand
