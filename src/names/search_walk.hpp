// SearchWalk: one name after another of a search list, for both families together. Two separate
// walks could end on two names, and so on two different hosts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

class SearchWalk {
 public:
  /// `names` in the order to ask them, `families` in each of which every name is asked.
  SearchWalk(std::vector<std::string> names, std::vector<Family> families);

  /// One family's answer to the name being asked.
  struct Answer {
    Family family{};
    AnswerStatus status{};
    std::vector<Endpoint> addresses;
  };

  /// The name being asked, and its place in the list.
  const std::string& name() const { return names_[position_]; }
  std::size_t position() const { return position_; }

  /// Whether an answer for `family` to the name at `position` still counts.
  bool awaits(std::size_t position, Family family) const;

  /// Takes an answer to the name at `position` and returns those that are final by now, possibly
  /// none; one that it does not await is dropped. When it moved on to the next name, asks_again()
  /// is true until the next call.
  std::vector<Answer> take(std::size_t position, Answer answer);

  /// Every family must be asked for name().
  bool asks_again() const { return asks_again_; }

  /// A has no such name, and another answer is out: it may have addresses all the same. It is to
  /// be waited for a little, and then no more.
  bool holds_denial() const;

  /// That time is over. Returns what take() does.
  std::vector<Answer> end_denial();

 private:
  bool holds(Family family, AnswerStatus status) const;
  bool name_exists() const;
  std::vector<Answer> conclude();
  void weigh();
  std::vector<Answer> release();

  std::vector<std::string> names_;
  std::vector<Family> families_;
  std::size_t position_ = 0;
  std::vector<Answer> held_;        // to this name, not final yet
  std::vector<Family> released_;    // the families whose answers were final
  std::vector<AnswerStatus> best_;  // the most telling status so far, by family
  bool chosen_ = false;             // this name has an address: no other will be asked
  bool asks_again_ = false;
};

}  // namespace gladhand
