// The sentences about what this machine itself had too little of: such dials say nothing of the
// server.
#include <algorithm>
#include <cerrno>
#include <map>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "samples/findings.hpp"

namespace gladhand {

namespace {

bool wants_descriptors(int error) {
  return error == EMFILE || error == ENFILE;
}

// A dial that no attempt was made in has only its words; one of a million that went well has none.
bool wants_descriptors(std::string_view words) {
  if (words.empty()) return false;
  return words.find(system_words(EMFILE)) != words.npos ||
         words.find(system_words(ENFILE)) != words.npos;
}

// By position in HostSamples::addresses. The error of a machine without a port is also that of one
// without an address: only where others have connected it is the ports.
std::vector<bool> find_reached(const HostSamples& host) {
  std::vector<bool> reached(host.addresses.size());
  for (const ModeSamples& mode : host.modes)
    for (const AttemptSample& attempt : mode.attempts)
      if (attempt.outcome == AttemptOutcome::success) reached[attempt.address] = true;
  return reached;
}

struct Wants {
  std::size_t descriptors = 0;  // dials that had too few
  std::size_t ports = 0;
  std::map<std::string_view, std::size_t> others{};  // what else was refused, how often
};

void count_wants(const HostSamples& host, Wants& wants) {
  const std::vector<bool> reached = find_reached(host);
  for (const ModeSamples& mode : host.modes) {
    for (const Sample& sample : mode.samples) {
      const auto attempts = mode.attempts_of(sample);
      const bool is_ours = sample.outcome == SampleOutcome::ours;
      if (wants_descriptors(host.error_of(sample)) ||
          std::ranges::any_of(attempts,
                              [](const AttemptSample& it) { return wants_descriptors(it.error); })) {
        ++wants.descriptors;
      } else if (std::ranges::any_of(attempts, [&reached](const AttemptSample& it) {
            return it.error == EADDRNOTAVAIL && reached[it.address];
          })) {
        ++wants.ports;
      } else if (is_ours) {
        ++wants.others[host.error_of(sample)];
      }
    }
  }
}

std::string dials(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " dial" : " dials");
}

}  // namespace

void tell_busy(const BenchRun& run, Sentences& told) {
  constexpr Moment late = std::chrono::milliseconds(5);
  std::size_t all = 0;
  std::size_t busy = 0;
  Moment worst{};
  for (const HostSamples& host : run.hosts) {
    for (const ModeSamples& mode : host.modes) {
      all += mode.samples.size();
      for (const Sample& sample : mode.samples) {
        worst = std::max<Moment>(worst, sample.lag);
        busy += sample.lag > late ? 1 : 0;
      }
    }
  }
  if (busy > 0)
    told.push_back("this machine was busy: " + of(busy, all) +
                   (all == 1 ? " dial was" : " dials were") +
                   " started or served over 5 ms late, up to " +
                   to_precise_string(static_cast<double>(worst.count())));
}

void tell_of_own_limits(const BenchRun& run, Sentences& told) {
  Wants wants;
  for (const HostSamples& host : run.hosts) count_wants(host, wants);
  if (wants.descriptors > 0)
    told.push_back(dials(wants.descriptors) +
                   " found no descriptor free: that is this machine's own limit (ulimit -n)");
  if (wants.ports > 0)
    told.push_back(dials(wants.ports) +
                   " found no local port free: that is this machine's own limit; --reset leaves "
                   "none in TIME_WAIT, --sources brings more");
  for (const auto& [cause, count] : wants.others)
    told.push_back(dials(count) + " failed for this machine's own limit: " + std::string(cause));
}

}  // namespace gladhand
