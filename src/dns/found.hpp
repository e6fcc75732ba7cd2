// What somebody other than a name server says about a name.
#pragma once

#include <string>
#include <vector>

#include "gladhand/event.hpp"

namespace gladhand {

struct Found {
  AnswerStatus status = AnswerStatus::no_such_name;
  std::vector<Endpoint> addresses{};  ///< some where the status says so
  std::string failure{};              ///< why nobody was asked, or gave no answer
};

}  // namespace gladhand
