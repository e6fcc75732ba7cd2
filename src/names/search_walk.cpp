#include "names/search_walk.hpp"

#include <algorithm>
#include <utility>

namespace gladhand {

namespace {

// What tells a person most, when several names of the list failed differently.
int weight(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::addresses: return 5;
    case AnswerStatus::no_address: return 4;
    case AnswerStatus::no_answer: return 3;
    case AnswerStatus::server_failure: return 2;
    case AnswerStatus::bad_answer: return 1;
    case AnswerStatus::no_such_name: return 0;
  }
  return 0;
}

}  // namespace

SearchWalk::SearchWalk(std::vector<std::string> names, std::vector<Family> families)
    : names_(std::move(names)),
      families_(std::move(families)),
      best_(families_.size(), AnswerStatus::no_such_name) {}

bool SearchWalk::awaits(std::size_t position, Family family) const {
  return position == position_ && std::ranges::find(released_, family) == released_.end() &&
         std::ranges::find(held_, family, &Answer::family) == held_.end();
}

std::vector<SearchWalk::Answer> SearchWalk::take(std::size_t position, Answer answer) {
  asks_again_ = false;
  if (!awaits(position, answer.family)) return {};
  chosen_ = chosen_ || answer.status == AnswerStatus::addresses;
  held_.push_back(std::move(answer));
  return conclude();
}

std::vector<SearchWalk::Answer> SearchWalk::conclude() {
  const bool last_name = position_ + 1 == names_.size();
  if (chosen_ || (last_name && !holds_denial())) return release();
  if (held_.size() < families_.size()) return {};
  // A server that keeps silent for one name will for the next: resolv.conf(5)'s own resolver
  // stops here too.
  if (name_exists() || std::ranges::all_of(held_, [](const Answer& held) {
        return held.status == AnswerStatus::no_answer;
      }))
    return release();
  weigh();
  held_.clear();
  ++position_;
  asks_again_ = true;
  return {};
}

// A name that does not exist for A does not exist [RFC 8020 §2]: nobody waits long for a server
// that keeps silent about AAAA. It does not hold the other way round: some servers deny with the
// AAAA record the name too [RFC 4074 §4.2].
bool SearchWalk::holds_denial() const {
  return holds(Family::ipv4, AnswerStatus::no_such_name) && !chosen_ &&
         held_.size() + released_.size() < families_.size();
}

std::vector<SearchWalk::Answer> SearchWalk::end_denial() {
  asks_again_ = false;
  if (!holds_denial()) return {};
  for (const Family family : families_)
    if (awaits(position_, family)) held_.push_back({family, AnswerStatus::no_such_name, {}});
  return conclude();
}

// A name without addresses is a name: the next of the list would be another machine's. What
// filters AAAA says so of every name, so that A's denial outweighs it.
bool SearchWalk::name_exists() const {
  return holds(Family::ipv4, AnswerStatus::no_address) ||
         (holds(Family::ipv6, AnswerStatus::no_address) &&
          !holds(Family::ipv4, AnswerStatus::no_such_name));
}

bool SearchWalk::holds(Family family, AnswerStatus status) const {
  return std::ranges::any_of(held_, [family, status](const Answer& held) {
    return held.family == family && held.status == status;
  });
}

void SearchWalk::weigh() {
  for (Answer& held : held_) {
    const auto family = std::ranges::find(families_, held.family) - families_.begin();
    AnswerStatus& best = best_[static_cast<std::size_t>(family)];
    if (weight(held.status) > weight(best)) best = held.status;
    held.status = best;
  }
}

std::vector<SearchWalk::Answer> SearchWalk::release() {
  weigh();
  for (const Answer& held : held_) released_.push_back(held.family);
  return std::exchange(held_, {});
}

}  // namespace gladhand
