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

  /// The name being asked.
  const std::string& name() const { return names_[position_]; }

  /// Takes an answer to name() and returns those that are final by now, possibly none. When it
  /// moved on to the next name, asks_again() is true until the next call.
  std::vector<Answer> take(Answer answer);

  /// Every family must be asked for name().
  bool asks_again() const { return asks_again_; }

 private:
  std::vector<Answer> release();

  std::vector<std::string> names_;
  std::vector<Family> families_;
  std::size_t position_ = 0;
  std::vector<Answer> held_;                // to this name, not final yet
  std::vector<AnswerStatus> best_;          // the most telling status so far, by family
  bool chosen_ = false;                     // this name has an address: no other will be asked
  bool asks_again_ = false;
};

}  // namespace gladhand
