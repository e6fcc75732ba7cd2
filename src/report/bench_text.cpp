#include "bench_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "bench_picture.hpp"
#include "gladhand/bench_verdict.hpp"
#include "gladhand/duration.hpp"

namespace gladhand {

namespace {

constexpr std::size_t most_hosts_in_pictures = 3;
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

Row row_of(const HostSamples& host, const ModeSamples& mode, const Summary& it, bool with_mode) {
  Row row = {host.host + (host.port == "22" ? "" : ':' + host.port)};
  if (with_mode) row.push_back(mode.label());
  row.push_back(std::to_string(it.count));
  row.push_back(it.failures == 0 ? "-" : std::to_string(it.failures));
  for (const double value : {it.median, it.p90, it.p99, it.max()})
    row.push_back(it.any_connected() ? to_precise_string(value) : "-");
  const std::size_t wins = it.ipv6_wins + it.ipv4_wins;
  row.push_back(share(it.ipv6_wins, wins));
  row.push_back(share(it.ipv4_wins, wins));
  return row;
}

struct Layout {
  std::vector<std::size_t> widths;
  std::size_t gap = 2;
};

// What does not fit is first put closer together, then the hosts are shortened.
Layout lay_out(const std::vector<Row>& rows, std::size_t columns) {
  constexpr std::size_t narrowest = 8;
  Layout layout{std::vector<std::size_t>(rows.front().size())};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      layout.widths[i] = std::max(layout.widths[i], row[i].size());
  const auto others = [&layout] {
    return std::accumulate(layout.widths.begin() + 1, layout.widths.end(), std::size_t{0}) +
           layout.gap * (layout.widths.size() - 1);
  };
  std::size_t& hosts = layout.widths.front();
  if (hosts + others() > columns) layout.gap = 1;
  if (hosts + others() > columns)
    hosts = std::min(hosts, std::max(narrowest, columns - std::min(columns, others())));
  return layout;
}

// `texts` cells are aligned to the left, the rest are figures.
std::string draw_row(const Row& row, const Layout& layout, std::size_t texts) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string cell = i == 0 ? elide(row[i], layout.widths[0]) : row[i];
    const std::string pad(layout.widths[i] - cell.size(), ' ');
    text += (i == 0 ? "" : std::string(layout.gap, ' ')) + (i < texts ? cell + pad : pad + cell);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string table(const BenchRun& run,
                  std::span<const std::vector<Summary>> summaries,
                  const Canvas& canvas) {
  const bool with_mode = std::ranges::any_of(
      run.hosts, [](const HostSamples& host) { return host.modes.size() != 1; });
  const std::size_t texts = with_mode ? 2 : 1;
  Row head = {"host"};
  if (with_mode) head.emplace_back("mode");
  for (const char* name : {"dials", "failed", "median", "p90", "p99", "max", "IPv6", "IPv4"})
    head.emplace_back(name);
  std::vector<Row> rows = {std::move(head)};
  for (std::size_t i = 0; i < run.hosts.size(); ++i)
    for (std::size_t k = 0; k < run.hosts[i].modes.size(); ++k)
      rows.push_back(row_of(run.hosts[i], run.hosts[i].modes[k], summaries[i][k], with_mode));
  const Layout layout = lay_out(rows, canvas.columns);
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

std::string pictures(const HostSamples& host,
                     std::span<const Summary> summaries,
                     const Canvas& canvas) {
  std::string text = draw_distributions(host, summaries, canvas);
  if (!text.empty()) text = '\n' + host.host + '\n' + text;
  const std::string dials =
      draw_typical_and_worst(host, host.modes.front(), summaries.front(), canvas);
  if (!dials.empty()) text += '\n' + host.host + ", " + host.modes.front().label() + ", " + dials;
  return text;
}

// A sentence does not end in the middle of a word at the terminal's edge.
std::string wrap(const std::string& sentence, std::size_t columns) {
  std::string text = "  ";
  std::size_t used = 2;
  for (std::size_t at = 0; at < sentence.size();) {
    const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
    const std::string word = sentence.substr(at, end - at);
    if (used > 4 && used + 1 + word.size() > columns) {
      text += "\n    ";
      used = 4;
    } else if (at > 0) {
      text += ' ';
      ++used;
    }
    text += word;
    used += word.size();
    at = end + 1;
  }
  return text + '\n';
}

}  // namespace

std::string describe_run(const BenchRun& run,
                         std::span<const std::vector<Summary>> summaries,
                         const Canvas& canvas) {
  std::string text = table(run, summaries, canvas);
  if (run.hosts.size() <= most_hosts_in_pictures)
    for (std::size_t i = 0; i < run.hosts.size(); ++i)
      if (!run.hosts[i].modes.empty()) text += pictures(run.hosts[i], summaries[i], canvas);
  std::string said;
  for (std::size_t i = 0; i < run.hosts.size(); ++i) {
    const std::vector<std::string> sentences = host_verdicts(run.hosts[i], summaries[i]);
    if (sentences.empty()) continue;
    said += '\n' + run.hosts[i].host + ":\n";
    for (const std::string& sentence : sentences) said += wrap(sentence, canvas.columns);
  }
  for (const std::string& sentence : run_verdicts(run, summaries)) said += '\n' + sentence + '\n';
  return text + said;
}

std::string progress_line(const ProgressFigures& it, unsigned columns) {
  const double seconds = static_cast<double>(it.elapsed.count()) / 1e6;
  const double rate = seconds > 0 ? static_cast<double>(it.done) / seconds : 0;
  std::string text = std::to_string(it.done);
  if (it.total > 0) text += " of " + std::to_string(it.total);
  char part[64];
  std::snprintf(part, sizeof(part), " dials, %.*f/s", rate < 10 ? 1 : 0, rate);
  text += part;
  text += ", " + std::to_string(it.failures) + " failed";
  double left = -1;
  if (it.total > 0 && rate > 0) left = static_cast<double>(it.total - it.done) / rate;
  if (it.bound.count() > 0) {
    const double until = static_cast<double>((it.bound - it.elapsed).count()) / 1e6;
    left = left < 0 ? until : std::min(left, until);
  }
  if (left >= 0) text += ", " + std::to_string(std::lround(std::ceil(left))) + " s left";
  return text.substr(0, columns > 1 ? columns - 1 : 0);
}

}  // namespace gladhand
