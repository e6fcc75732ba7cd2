#include "samples/threshold.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <vector>

#include "base/decimal.hpp"
#include "base/duration.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

bool read_figure(std::string_view word, Threshold& threshold) {
  using enum Threshold::Figure;
  threshold.figure = percentile;
  if (word == "min") {
    threshold.percent = 0;
  } else if (word == "median") {
    threshold.percent = 50;
  } else if (word == "max") {
    threshold.percent = 100;
  } else if (word == "mean") {
    threshold.figure = mean;
  } else if (word == "loss") {
    threshold.figure = loss;
  } else if (word == "failures") {
    threshold.figure = failures;
  } else {
    const auto percent = word.starts_with('p') ? read_decimal(word.substr(1)) : std::nullopt;
    if (!percent || *percent > 100) return false;
    threshold.percent = *percent;
  }
  return true;
}

std::optional<double> read_limit(std::string_view text, Threshold::Figure figure) {
  if (figure == Threshold::Figure::failures) return read_decimal(text);
  if (figure == Threshold::Figure::loss) {
    if (!text.ends_with('%')) return std::nullopt;
    const auto percent = read_decimal(text.substr(0, text.size() - 1));
    return percent ? std::optional(*percent / 100) : std::nullopt;
  }
  const auto duration = parse_duration(text);
  return duration ? std::optional(static_cast<double>(duration->count())) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

constexpr double beyond_all = std::numeric_limits<double>::infinity();

// Of all dials: one that failed would have been waited for longer than for any that connected.
double percentile_of_all(const Summary& summary, double percent) {
  const double rank = percent / 100 * static_cast<double>(summary.dialled() - 1);
  if (std::ceil(rank) >= static_cast<double>(summary.sorted.size())) return beyond_all;
  if (summary.failures == 0) return gladhand::percentile(summary.sorted, percent);
  std::vector<double> all = summary.sorted;
  all.resize(summary.dialled(), summary.max());  // what is there is not reached
  return gladhand::percentile(all, percent);
}

double value_of(const Threshold& threshold, const Summary& summary) {
  using enum Threshold::Figure;
  if (threshold.figure == loss) return summary.loss();
  if (threshold.figure == failures) return static_cast<double>(summary.failures);
  if (threshold.figure == percentile) return percentile_of_all(summary, threshold.percent);
  if (summary.failures > 0) return beyond_all;
  return summary.mean;
}

std::string words_for(double value, Threshold::Figure figure) {
  using enum Threshold::Figure;
  if (figure == failures) return std::to_string(std::llround(value));
  if (figure == loss) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.3g%%", 100 * value);
    return text;
  }
  return value == beyond_all ? "a dial that failed" : to_precise_string(value);
}

}  // namespace

Threshold parse_threshold(std::string_view text) {
  Threshold threshold;
  threshold.text = text;
  const std::size_t at = text.find_first_of("<>");
  const bool with_equal = at != text.npos && text.substr(at + 1).starts_with('=');
  if (at != text.npos && read_figure(trimmed(text.substr(0, at)), threshold)) {
    using enum Threshold::Relation;
    if (text[at] == '>') threshold.relation = with_equal ? at_least : above;
    if (text[at] == '<') threshold.relation = with_equal ? at_most : below;
    const std::string_view limit_text = trimmed(text.substr(at + (with_equal ? 2 : 1)));
    if (const auto limit = read_limit(limit_text, threshold.figure)) {
      threshold.limit = *limit;
      return threshold;
    }
  }
  throw UsageError("--fail-if: " + in_quotes(text) +
                   " is not an expression such as 'p99>200ms', 'loss>1%' or 'failures>=3'");
}

bool is_met(const Threshold& threshold, const Summary& summary) {
  if (summary.dialled() == 0) return true;
  const double value = value_of(threshold, summary);
  switch (threshold.relation) {
    case Threshold::Relation::above: return value > threshold.limit;
    case Threshold::Relation::at_least: return value >= threshold.limit;
    case Threshold::Relation::below: return value < threshold.limit;
    case Threshold::Relation::at_most: return value <= threshold.limit;
  }
  return false;
}

std::string reason(const Threshold& threshold, const Summary& summary) {
  if (summary.dialled() == 0)
    return summary.count == 0 ? "no dial" : "no dial that this machine could make";
  std::string words = words_for(value_of(threshold, summary), threshold.figure);
  if (summary.failures > 0)
    words += ", " + std::to_string(summary.failures) + " of " + std::to_string(summary.dialled()) +
             " failed";
  return words;
}

}  // namespace gladhand
