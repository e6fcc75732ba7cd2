#include "figures/bench_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "samples/groups.hpp"
#include "samples/versions.hpp"

namespace gladhand {

namespace {

constexpr const char* bold = "\033[1m";
constexpr const char* red = "\033[31m";
constexpr const char* plain = "\033[0m";

using Row = std::vector<std::string>;

// The end of a name tells hosts apart as well as its begin does.
std::string elide(const std::string& text, std::size_t width) {
  if (text.size() <= width || width < 5) return text.substr(0, std::max<std::size_t>(width, 1));
  const std::size_t tail = (width - 2) / 2;
  return text.substr(0, width - 2 - tail) + ".." + text.substr(text.size() - tail);
}

std::string share(std::size_t part, std::size_t all) {
  if (all == 0) return "-";
  return std::to_string(std::lround(100.0 * static_cast<double>(part) / static_cast<double>(all))) +
         '%';
}

// Columns that are not there in every table.
struct Shown {
  bool mode = false;
  bool ours = false;
  bool banner = false;
};

// What the server last said that it is; how many others it said.
std::string versions(const HostSamples& host, const ModeSamples& mode) {
  const std::vector<std::string> said = versions_of(host, mode);
  if (said.empty()) return "-";
  return said.back() + (said.size() > 1 ? " +" + std::to_string(said.size() - 1) : "");
}

Row row_of(const HostSamples& host, const ModeSamples& mode, const Summary& it, Shown with) {
  Row row = {name_of(host)};
  if (with.mode) row.push_back(printable(mode.label()));
  row.push_back(std::to_string(it.count));
  row.push_back(it.failures == 0 ? "-" : std::to_string(it.failures));
  if (with.ours) row.push_back(it.ours == 0 ? "-" : std::to_string(it.ours));
  row.emplace_back(it.best_family ? to_string(*it.best_family) : "-");
  using Figure = std::optional<double>;
  for (const Figure& value : {Figure(it.median), it.p90, it.p99, Figure(it.max())})
    row.push_back(it.any_connected() && value ? to_precise_string(*value) : "-");
  const std::size_t wins = it.ipv6_wins + it.ipv4_wins;
  row.push_back(share(it.ipv6_wins, wins));
  row.push_back(share(it.ipv4_wins, wins));
  if (with.banner) row.push_back(versions(host, mode));
  return row;
}

struct Layout {
  std::vector<std::size_t> widths;
  std::size_t gap = 2;
};

std::size_t width_of(const Layout& layout) {
  return std::accumulate(layout.widths.begin(), layout.widths.end(), std::size_t{0}) +
         layout.gap * (layout.widths.size() - 1);
}

std::size_t room_on(const Canvas& canvas) {
  return canvas.tables_fit ? canvas.columns : std::numeric_limits<std::size_t>::max();
}

// Whether the first `texts` cells of two rows that are not the same are shortened to the same.
bool look_the_same(const std::vector<Row>& rows, std::size_t texts, const Layout& layout) {
  std::map<Row, Row> names;
  for (const Row& row : rows) {
    const Row whole(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(texts));
    Row shown = whole;
    for (std::size_t i = 0; i < texts; ++i) shown[i] = elide(shown[i], layout.widths[i]);
    if (names.emplace(std::move(shown), whole).first->second != whole) return true;
  }
  return false;
}

// What does not fit is first put closer together, then the longer of the names are shortened: they
// are the first `texts` cells. Rows that could be taken for each other are worse than long ones.
Layout lay_out(const std::vector<Row>& rows, std::size_t texts, std::size_t columns) {
  constexpr std::size_t narrowest = 8;
  Layout layout{std::vector<std::size_t>(rows.front().size())};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      layout.widths[i] = std::max(layout.widths[i], row[i].size());
  if (width_of(layout) > columns) layout.gap = 1;
  const auto end_of_texts = layout.widths.begin() + static_cast<std::ptrdiff_t>(texts);
  while (width_of(layout) > columns) {
    const auto longest = std::max_element(layout.widths.begin(), end_of_texts);
    if (*longest <= narrowest) break;
    --*longest;
  }
  while (look_the_same(rows, texts, layout)) {
    const auto shortest = std::min_element(layout.widths.begin(), end_of_texts);
    ++*shortest;
  }
  return layout;
}

std::size_t whole_width(const std::vector<Row>& rows) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < rows.front().size(); ++i)
    width += 1 + std::ranges::max(rows, {}, [i](const Row& row) { return row[i].size(); })[i].size();
  return width - 1;
}

// On a narrow terminal the figures that say least are left out; what servers say they are is, before
// any name is shortened.
Layout fit(std::vector<Row>& rows, std::size_t texts, std::size_t columns) {
  const std::vector<Row> least_first = {{"best"}, {"p90"}, {"IPv6", "IPv4"}, {"p99"}, {"max"}};
  if (rows.front().back() == "banner" && whole_width(rows) > columns)
    for (Row& row : rows) row.pop_back();
  for (const Row& names : least_first) {
    Layout layout = lay_out(rows, texts, columns);
    if (width_of(layout) <= columns) return layout;
    for (const std::string& name : names) {
      const auto column = std::ranges::find(rows.front(), name) - rows.front().begin();
      if (column == std::ssize(rows.front())) continue;
      for (Row& row : rows) row.erase(row.begin() + column);
    }
  }
  return lay_out(rows, texts, columns);
}

// `texts` cells are aligned to the left, the rest are figures.
std::string draw_row(const Row& row, const Layout& layout, std::size_t texts) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string cell = i < texts ? elide(row[i], layout.widths[i]) : row[i];
    const std::string pad(layout.widths[i] - cell.size(), ' ');
    text += (i == 0 ? "" : std::string(layout.gap, ' ')) + (i < texts ? cell + pad : pad + cell);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

// Names come from files, too: nothing in them reaches the terminal as it is.
std::string name_of(const HostSamples& host) {
  std::string name = printable(host.host);
  if (host.port == "22" || host.port.empty()) return name;
  const bool brackets = host.host.find(':') != host.host.npos;
  return (brackets ? '[' + name + ']' : name) + ':' + printable(host.port);
}

std::string draw_table(const BenchRun& run,
                       std::span<const std::vector<Summary>> summaries,
                       const Canvas& canvas) {
  const Shown with = {
      .mode = std::ranges::any_of(
          run.hosts, [](const HostSamples& host) { return host.modes.size() != 1; }),
      .ours = std::ranges::any_of(summaries, [](const std::vector<Summary>& modes) {
        return std::ranges::any_of(modes, &Summary::ours);
      }),
      .banner = std::ranges::any_of(run.hosts, [](const HostSamples& host) {
        return std::ranges::any_of(
            host.modes, [&host](const ModeSamples& it) { return !versions_of(host, it).empty(); });
      })};
  const std::size_t texts = with.mode ? 2 : 1;
  Row head = {"host"};
  if (with.mode) head.emplace_back("mode");
  head.insert(head.end(), {"dials", "failed"});
  if (with.ours) head.emplace_back("ours");
  head.insert(head.end(), {"best", "median", "p90", "p99", "max", "IPv6", "IPv4"});
  if (with.banner) head.emplace_back("banner");
  std::vector<Row> rows = {std::move(head)};
  for (std::size_t i = 0; i < run.hosts.size(); ++i)
    for (std::size_t k = 0; k < run.hosts[i].modes.size(); ++k)
      rows.push_back(row_of(run.hosts[i], run.hosts[i].modes[k], summaries[i][k], with));
  const Layout layout = fit(rows, texts, room_on(canvas));
  std::string text;
  for (const Row& row : rows) {
    const bool head_row = &row == &rows.front();
    const bool failed = !head_row && row[texts + 1] != "-";
    const std::string line = draw_row(row, layout, texts);
    text += canvas.colour && head_row ? bold + line + plain
            : canvas.colour && failed ? red + line + plain
                                      : line;
    text += '\n';
  }
  return text;
}

std::string draw_groups(const BenchRun& run,
                        std::span<const std::vector<Summary>> summaries,
                        const Canvas& canvas) {
  const std::vector<HostGroup> groups = groups_of(run, summaries, run.group_by);
  if (groups.empty()) return "";
  const bool with_mode =
      std::ranges::any_of(groups, [&](const HostGroup& it) { return it.mode != groups[0].mode; });
  Row head = {printable(run.group_by)};
  if (with_mode) head.emplace_back("mode");
  head.insert(head.end(), {"hosts", "dials", "failed", "median", "p90", "p99", "max"});
  std::vector<Row> rows = {std::move(head)};
  for (const HostGroup& it : groups) {
    Row& row = rows.emplace_back(Row{it.value.empty() ? "-" : printable(it.value)});
    if (with_mode) row.push_back(printable(it.mode));
    row.push_back(std::to_string(it.hosts));
    row.push_back(std::to_string(it.count));
    row.push_back(it.failures == 0 ? "-" : std::to_string(it.failures));
    for (const double percent : {50.0, 90.0, 99.0, 100.0}) {
      const bool known = percent == 50 || percent == 100 ? !it.sorted.empty()
                                                         : has_percentile(it.sorted.size(), percent);
      row.push_back(known ? to_precise_string(percentile(it.sorted, percent)) : "-");
    }
  }
  const std::size_t texts = with_mode ? 2 : 1;
  const Layout layout = fit(rows, texts, room_on(canvas));
  std::string text = "\nall dials of the hosts of one " + printable(run.group_by) + " pooled\n";
  for (const Row& row : rows) text += draw_row(row, layout, texts) + '\n';
  return text;
}

std::string draw_phases(const HostSamples& host,
                        std::span<const Summary> summaries,
                        const Canvas& canvas) {
  constexpr std::pair<Phase, const char*> columns[] = {{Phase::dns_aaaa, "AAAA"},
                                                       {Phase::dns_a, "A"},
                                                       {Phase::connect_ipv6, "IPv6"},
                                                       {Phase::connect_ipv4, "IPv4"},
                                                       {Phase::proxy, "proxy"},
                                                       {Phase::banner, "banner"}};
  std::vector<Row> rows(1 + host.modes.size());
  rows[0].emplace_back("medians");
  for (std::size_t k = 0; k < host.modes.size(); ++k)
    rows[k + 1].push_back(printable(host.modes[k].label()));
  for (const auto& [phase, name] : columns) {
    const auto occurs = [phase = phase](const Summary& it) { return it.phases.contains(phase); };
    if (std::ranges::none_of(summaries, occurs)) continue;
    rows[0].emplace_back(name);
    for (std::size_t k = 0; k < host.modes.size(); ++k)
      rows[k + 1].push_back(
          occurs(summaries[k]) ? to_precise_string(summaries[k].phases.at(phase).median) : "-");
  }
  if (rows[0].size() < 3) return "";  // the table has it
  const Layout layout = lay_out(rows, 1, room_on(canvas));
  std::string text;
  for (const Row& row : rows) text += draw_row(row, layout, 1) + '\n';
  return text;
}

}  // namespace gladhand
