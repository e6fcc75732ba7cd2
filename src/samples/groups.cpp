#include "samples/groups.hpp"

#include <algorithm>

namespace gladhand {

std::vector<HostGroup> groups_of(const BenchRun& run,
                             std::span<const std::vector<Summary>> summaries,
                             std::string_view label) {
  std::vector<HostGroup> groups;
  bool any = false;
  for (std::size_t i = 0; i < run.hosts.size(); ++i) {
    const HostSamples& host = run.hosts[i];
    const std::string value(host.label_of(label));
    any = any || !value.empty();
    for (std::size_t k = 0; k < host.modes.size(); ++k) {
      const std::string mode = host.modes[k].label();
      auto group = std::ranges::find_if(
          groups, [&](const HostGroup& it) { return it.value == value && it.mode == mode; });
      if (group == groups.end()) group = groups.insert(groups.end(), HostGroup{value, mode});
      const Summary& of = summaries[i][k];
      ++group->hosts;
      group->count += of.dialled();
      group->failures += of.failures;
      group->sorted.insert(group->sorted.end(), of.sorted.begin(), of.sorted.end());
    }
  }
  if (!any) groups.clear();
  for (HostGroup& group : groups) std::ranges::sort(group.sorted);
  std::ranges::stable_sort(groups, {}, &HostGroup::value);
  return groups;
}

}  // namespace gladhand
