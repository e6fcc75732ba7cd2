#include "strategy/ssh_settings.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/letters.hpp"
#include "base/words.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

// Reads the output for one `who`.
class Reader {
 public:
  Reader(std::string_view output, const std::string& who) : output_(output), who_(who) {}

  std::vector<Setting> read() {
    read_family();
    read_source();
    read_timeout();
    read_attempts();
    read_keepalive();
    read_dscp();
    return std::move(settings_);
  }

 private:
  // Whether there is such a line, which is the current one then.
  bool find(const char* keyword) {
    const auto value = ssh_value(output_, keyword);
    keyword_ = keyword;
    value_ = value.value_or("");
    return value.has_value();
  }

  Place place() const { return {who_ + " (" + keyword_ + ' ' + value_ + ')', 0, 0}; }

  [[noreturn]] void refuse() const {
    throw UsageError(to_string(place()) + ": this is no value of ssh's");
  }

  void set(std::string key, std::string value) {
    settings_.push_back({std::move(key), {std::move(value)}, place()});
  }

  unsigned number(std::string_view text, int base = 10) const {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) refuse();
    return value;
  }

  void read_family() {
    if (!find("AddressFamily") || value_ == "any") return;
    if (value_ != "inet" && value_ != "inet6") refuse();
    set(value_ == "inet" ? "4" : "6", "true");
  }

  // ssh looks at the interface only where there is no address.
  void read_source() {
    if (find("BindAddress")) return set("bind", value_);
    if (find("BindInterface")) set("interface", value_);
  }

  void read_timeout() {
    constexpr unsigned a_day = 86400;
    if (!find("ConnectTimeout") || value_ == "none") return;
    const unsigned seconds = number(value_);
    if (seconds > 0) set("timeout", std::to_string(std::min(seconds, a_day)) + 's');
  }

  void read_attempts() {
    if (!find("ConnectionAttempts")) return;
    const unsigned attempts = number(value_);
    if (attempts > 1) set("attempts", std::to_string(std::min(attempts, 1000000U)));
  }

  void read_keepalive() {
    if (!find("TCPKeepAlive")) return;
    if (value_ != "yes" && value_ != "no") refuse();
    if (value_ == "no") set("no-keepalive", "true");
  }

  // Before it connects ssh sets the first of the two, the interactive session's. The names of RFC
  // 1349 and numbers are those of the whole octet.
  void read_dscp() {
    if (!find("IPQoS")) return;
    const auto words = split_words(value_);
    if (words.empty()) refuse();
    std::string name(words.front());
    if (name == "none") return;
    if (name == "lowdelay") name = "0x10";
    if (name == "throughput") name = "0x08";
    if (name == "reliability") name = "0x04";
    if (name.starts_with("0x")) {
      const unsigned octet = number(std::string_view(name).substr(2), 16);
      if (octet > 0xff) refuse();
      name = std::to_string(octet >> 2U);
    }
    set("dscp", name);
  }

  std::string_view output_;
  const std::string& who_;
  std::string keyword_;
  std::string value_;
  std::vector<Setting> settings_;
};

}  // namespace

std::optional<std::string> ssh_value(std::string_view output, std::string_view keyword) {
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(line.size() + 1, output.size()));
    const std::size_t blank = line.find(' ');
    if (blank != line.npos && equal_words(line.substr(0, blank), keyword))
      return std::string(line.substr(blank + 1));
  }
  return std::nullopt;
}

std::string why_ssh_failed(std::string_view written) {
  const auto take_last = [&written] {
    while (written.ends_with('\n') || written.ends_with('\r')) written.remove_suffix(1);
    const std::string_view line =
        written.substr(written.rfind('\n') + 1);  // npos + 1: the only one
    written.remove_suffix(line.size());
    return line;
  };
  const std::string_view last = take_last();
  const bool only_counts = last.find(": terminating, ") != last.npos && !written.empty();
  return std::string(only_counts ? take_last() : last);
}

std::vector<Setting> read_ssh_settings(std::string_view output, const std::string& who) {
  return Reader(output, who).read();
}

}  // namespace gladhand
