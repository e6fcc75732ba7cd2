#include "doctor/read_dial.hpp"

#include <algorithm>
#include <map>

#include "report/narrator.hpp"

namespace gladhand {

namespace {

class Reader {
 public:
  void see(const Event& event) {
    if (const auto* start = std::get_if<StartAttempt>(&event.body)) {
      begin(event.at, *start);
    } else if (const auto* connected = std::get_if<Connected>(&event.body)) {
      end(event.at, connected->attempt, true, "connected");
    } else if (const auto* failed = std::get_if<AttemptFailed>(&event.body)) {
      end(event.at, failed->attempt, false, to_words(failed->cause));
    } else if (const auto* given_up = std::get_if<CancelAttempt>(&event.body)) {
      if (given_up->reason == CancelReason::timed_out)
        end(event.at, given_up->attempt, false, "no answer");
    }
  }

  // Those that were neither connected nor refused when another one won say nothing.
  std::vector<AddressFacts> addresses() {
    std::erase_if(addresses_, [](const AddressFacts& it) { return it.outcome.empty(); });
    return std::move(addresses_);
  }

 private:
  void begin(Moment at, const StartAttempt& start) {
    std::size_t place = addresses_.size();
    if (start.backup_of) {
      place = places_.at(*start.backup_of);
    } else {
      addresses_.push_back({.family = start.endpoint.family().value_or(Family::ipv4),
                            .address = to_string(start.endpoint),
                            .is_connected = false,
                            .outcome = "",
                            .took = at});
    }
    places_[start.attempt] = place;
  }

  void end(Moment at, AttemptId attempt, bool is_connected, std::string outcome) {
    const auto place = places_.find(attempt);
    if (place == places_.end()) return;
    AddressFacts& address = addresses_[place->second];
    if (!address.outcome.empty()) return;
    address.is_connected = is_connected;
    address.outcome = std::move(outcome);
    address.took = at - address.took;
  }

  std::vector<AddressFacts> addresses_;  // `took` is the beginning until there is an outcome
  std::map<AttemptId, std::size_t> places_;
};

}  // namespace

std::vector<AddressFacts> read_addresses(std::span<const Event> events) {
  Reader reader;
  for (const Event& event : events) reader.see(event);
  return reader.addresses();
}

}  // namespace gladhand
