#include "figures/metrics_before.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "gladhand/error.hpp"

namespace gladhand {

namespace {

constexpr std::string_view family = "gladhand_bench_";

// Whose line it is, for a message.
struct Line {
  const std::string& file;
  std::string_view text;

  [[noreturn]] void refuse() const {
    throw UsageError("--openmetrics: " + in_quotes(file) + " holds " + in_quotes(text) +
                         ", which this program has not written",
                     "where that file is moved away, the counters begin anew");
  }
};

double read_value(std::string_view text, const Line& line) {
  const std::string number(text);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !(value >= 0)) line.refuse();
  return value;
}

// Where labels end in their bound, it is taken from them.
std::optional<std::string> take_bound(std::string& labels) {
  constexpr std::string_view before = ",le=\"";
  const std::size_t at = labels.rfind(before);
  if (at == labels.npos || !labels.ends_with('"')) return std::nullopt;
  std::string bound = labels.substr(at + before.size());
  bound.pop_back();
  labels.resize(at);
  return bound;
}

}  // namespace

MetricsBefore read_metrics_before(const std::string& file,
                                  std::string_view text,
                                  const std::string& name) {
  MetricsBefore result;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (!line.starts_with(family)) Line{file, line}.refuse();
    const std::size_t brace = line.find('{');
    const std::size_t end = line.rfind("} ");
    if (brace == line.npos || end == line.npos || !line.starts_with(name)) continue;
    const std::string_view part = line.substr(name.size(), brace - name.size());
    std::string labels(line.substr(brace + 1, end - brace - 1));
    const double value = read_value(line.substr(end + 2), {file, line});
    const auto bound = take_bound(labels);
    if (part == "_bucket" && bound) result[labels].buckets[*bound] = value;
    if (part == "_sum") result[labels].sum = value;
  }
  return result;
}

}  // namespace gladhand
