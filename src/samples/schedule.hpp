// Schedule: which dial begins when. A pure machine: it is asked for the next turn with the time as
// an argument, and told when a dial has ended.
//
// Closed loop (no rate): a host's next dial begins when the one before has ended, and not earlier
// than `gap` after its start. Open loop: the k-th dial is meant to begin at k / rate whatever
// became of those before, and `gap` after the one before it to the same host was meant to; where it
// begins late, the lateness is part of what the user would have waited. Two dials to one host are
// `gap` apart there, too: what is late is not caught up with in a burst.
//
// Dials to one server by several names, once they are known to lead there, are apart, too: by
// `server_gap`, as are those of somebody else to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

struct ScheduleOptions {
  unsigned samples = 10;                 ///< in each mode of each host; 0: without end
  unsigned warmup = 0;                   ///< rounds before them, to be dialled and forgotten
  unsigned concurrency = 1;              ///< dials at once, at most
  std::optional<double> rate{};          ///< dials a second over all hosts: open loop
  Moment gap = std::chrono::seconds(1);  ///< between the starts of two dials to one host
  Moment server_gap = Moment::max();     ///< to one server, whatever its name, if that is less
  Moment spread = std::chrono::milliseconds(1);  ///< between the first dials of two hosts
  Moment duration{};  ///< no dial that is meant to begin after this time does; 0: no bound
  Moment grace{};     ///< in an open loop a late one begins up to so long after `duration`
};

/// A dial that is to begin now.
struct Turn {
  std::size_t host = 0;
  std::size_t mode = 0;
  std::uint32_t number = 0;  ///< counts from 0 in each mode
  bool warmup = false;
  Moment intended{};  ///< when it was meant to begin
  Moment due{};       ///< when it could: it was meant to, and there was a place for it
};

class Schedule {
 public:
  /// `modes` says how many each host has. In each round a host goes through all its modes, one
  /// place further along each time, so that a drift of the network falls on all of them alike.
  Schedule(const ScheduleOptions& options, const std::vector<std::size_t>& modes);

  /// The dial to begin at `now`; empty when none is due or all places are taken.
  std::optional<Turn> next(Moment now);

  /// When to ask again if no dial ends before; empty when only that can bring a turn.
  std::optional<Moment> wake() const;

  /// From now on dials to `host` are dials to `server`, too: any number that stands for it.
  void learn(std::size_t host, std::size_t server);

  /// Somebody else dials `server`: no dial to it begins before `until`, nor one to another server
  /// of a host that leads there.
  void occupy(std::size_t server, Moment until);

  /// When somebody else may dial `server`, and all others of the hosts that lead there.
  Moment free_from(std::size_t server) const;

  /// A dial has ended.
  void ended(const Turn& turn, Moment now);

  /// No turn will come any more.
  bool finished(Moment now) const;

  std::size_t running() const { return running_; }

  /// How many dials of an open loop were meant to begin by `now`, and have not. Left out, they
  /// would make a server look the faster the less it keeps up.
  std::uint64_t overdue(Moment now) const;

  /// All turns there will be, warm-up included; 0 when there is no end.
  std::uint64_t total() const;

 private:
  struct Place {
    Moment due{};
    std::uint64_t order = 0;
    std::size_t host = 0;
    friend bool operator>(const Place& a, const Place& b) {
      return a.due != b.due ? a.due > b.due : a.order > b.order;
    }
  };
  struct Host {
    std::size_t modes = 0;
    std::uint64_t position = 0;
    Moment started{};        // the last dial
    Moment intended{};       // the same
    Moment next_intended{};  // in an open loop not before this
    std::vector<std::uint32_t> servers{};
  };
  struct Server {
    Moment free{};           // not to be dialled before
    Moment next_intended{};  // in an open loop
  };

  static bool leads_to(const Host& host, std::size_t server);
  bool over(Moment now) const;
  std::uint64_t left(const Host& host) const;
  void queue(std::size_t host, Moment due);
  Moment intended(std::size_t host) const;
  Moment due(const Place& place) const;
  Moment free(std::size_t host) const;
  Turn begin(const Place& place, Moment now);
  Moment end() const;
  Turn take(std::size_t host, Moment intended, Moment due);

  ScheduleOptions options_;
  std::vector<Host> hosts_;
  std::vector<Server> servers_;
  std::priority_queue<Place, std::vector<Place>, std::greater<>> queue_;
  std::uint64_t orders_ = 0;
  std::uint64_t begun_ = 0;
  std::size_t running_ = 0;
  Moment place_since_{};  // all were taken before
};

}  // namespace gladhand
