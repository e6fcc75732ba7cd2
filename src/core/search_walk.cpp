#include "gladhand/search_walk.hpp"

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

std::vector<SearchWalk::Answer> SearchWalk::take(Answer answer) {
  asks_again_ = false;
  chosen_ = chosen_ || answer.status == AnswerStatus::addresses;
  held_.push_back(std::move(answer));
  const bool last_name = position_ + 1 == names_.size();
  if (chosen_ || last_name) return release();
  if (held_.size() < families_.size()) return {};
  // A server that keeps silent for one name will for the next: resolv.conf(5)'s own resolver
  // stops here too.
  if (std::ranges::all_of(held_, [](const Answer& held) {
        return held.status == AnswerStatus::no_answer;
      }))
    return release();
  release();
  ++position_;
  asks_again_ = true;
  return {};
}

std::vector<SearchWalk::Answer> SearchWalk::release() {
  for (Answer& held : held_) {
    const auto family = std::ranges::find(families_, held.family) - families_.begin();
    AnswerStatus& best = best_[static_cast<std::size_t>(family)];
    if (weight(held.status) > weight(best)) best = held.status;
    held.status = best;
  }
  return std::exchange(held_, {});
}

}  // namespace gladhand
