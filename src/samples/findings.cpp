#include "samples/findings.hpp"

#include <cmath>

#include "base/duration.hpp"

namespace gladhand {

std::string of(std::size_t part, std::size_t all) {
  return std::to_string(part) + " of " + std::to_string(all);
}

std::string counts(const Summary& first, const Summary& second) {
  const std::size_t one = first.sorted.size();
  const std::size_t two = second.sorted.size();
  return one == two ? std::to_string(one) : std::to_string(one) + " and " + std::to_string(two);
}

std::string signed_words(double microseconds) {
  return (microseconds < 0 ? "-" : "") + to_precise_string(std::abs(microseconds));
}

}  // namespace gladhand
