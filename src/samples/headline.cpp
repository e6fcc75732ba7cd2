#include "samples/headline.hpp"

#include <algorithm>
#include <optional>

#include "gladhand/error.hpp"
#include "samples/findings.hpp"

namespace gladhand {

namespace {

std::string name_of(const HostSamples& host) {
  const bool plain = host.port == "22" || host.port.empty();
  return printable(host.host) + (plain ? "" : " port " + printable(host.port));
}

// What all modes of a host together say of when.
struct Course {
  std::size_t dials = 0;
  std::size_t failed = 0;
  std::optional<WallTime> first_failure{};
  std::optional<WallTime> last_success{};
  std::optional<WallTime> failing_since{};  // the first failure after the last success
};

Course course_of(const BenchRun& run, const HostSamples& host) {
  Course course;
  std::vector<WallTime> failures;
  for (const ModeSamples& mode : host.modes) {
    for (const Sample& sample : mode.samples) {
      if (sample.outcome == SampleOutcome::ours) continue;
      ++course.dials;
      const WallTime at = began(run, mode, sample);
      if (sample.outcome == SampleOutcome::connected) {
        course.last_success = std::max(course.last_success.value_or(at), at);
      } else {
        failures.push_back(at);
      }
    }
  }
  course.failed = failures.size();
  std::ranges::sort(failures);
  if (!failures.empty()) course.first_failure = failures.front();
  const auto since = course.last_success
                         ? std::ranges::upper_bound(failures, *course.last_success)
                         : failures.begin();
  if (since != failures.end()) course.failing_since = *since;
  return course;
}

// Empty where nothing is wrong. A failure or two at the end may be chance.
std::string trouble_of(const BenchRun& run, const HostSamples& host) {
  constexpr std::size_t several = 3;
  const Course course = course_of(run, host);
  if (course.dials == 0) return "";
  if (!course.last_success) return name_of(host) + " has never connected";
  std::size_t since = 0;
  for (const ModeSamples& mode : host.modes)
    for (const Sample& sample : mode.samples)
      since += course.failing_since && began(run, mode, sample) >= *course.failing_since ? 1 : 0;
  if (since >= several)
    return name_of(host) + " has not connected since " + utc_text(*course.failing_since);
  std::string text;
  if (course.failed > 0)
    text = name_of(host) + " lost " + of(course.failed, course.dials) + " dials, the first at " +
           utc_text(*course.first_failure);
  for (const Family family : broken_families(host))
    text += (text.empty() ? name_of(host) : ",") + std::string(text.empty() ? ": " : " and ") +
            std::string(to_string(family)) + " is broken or far slower";
  return text;
}

}  // namespace

Headline headline(const BenchRun& run, std::span<const std::vector<Summary>> summaries) {
  constexpr std::size_t most_told = 3;
  std::size_t dials = 0;
  for (const std::vector<Summary>& modes : summaries)
    for (const Summary& summary : modes) dials += summary.dialled();
  if (dials == 0) return {"Nothing is known: no dial was made that says anything.", false};
  std::vector<std::string> troubles;
  for (const HostSamples& host : run.hosts)
    if (std::string trouble = trouble_of(run, host); !trouble.empty())
      troubles.push_back(std::move(trouble));
  const std::string all = std::to_string(run.hosts.size()) + (run.hosts.size() == 1 ? " host" : " hosts");
  if (troubles.empty())
    return {"Nothing is wrong: every dial to " + all + " connected.", true};
  std::string text;
  if (run.hosts.size() > 1) text = of(troubles.size(), run.hosts.size()) + " hosts have trouble: ";
  for (std::size_t i = 0; i < std::min(troubles.size(), most_told); ++i)
    text += (i == 0 ? "" : "; ") + troubles[i];
  if (troubles.size() > most_told)
    text += "; and " + std::to_string(troubles.size() - most_told) + " more";
  return {text + '.', false};
}

}  // namespace gladhand
