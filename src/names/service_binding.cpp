#include "names/service_binding.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "gladhand/target.hpp"

namespace gladhand {

namespace {

using View = std::span<const std::uint8_t>;

constexpr std::uint16_t ssh_port = 22;

// [RFC 9460 §14.3.2]
constexpr std::uint16_t key_mandatory = 0, key_port = 3, key_ipv4hint = 4, key_ipv6hint = 6;

// Takes bytes from the front; beyond the end nothing can be taken, and all is malformed.
class Reader {
 public:
  explicit Reader(View bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  bool empty() const { return bytes_.empty(); }

  View take(std::size_t count) {
    failed_ = failed_ || count > bytes_.size();
    if (failed_) return {};
    const View taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }

  std::uint16_t number() {
    const View bytes = take(2);
    return failed_ ? std::uint16_t{0} : static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
  }

 private:
  View bytes_;
  bool failed_ = false;
};

// [RFC 9460 §2.2] not compressed. Empty for what is no name at all; "." is an empty text.
std::optional<std::string> read_name(Reader& reader) {
  constexpr std::size_t longest_label = 63;
  constexpr std::size_t longest = 254;  // as text, with a dot behind each label
  std::string name;
  for (;;) {
    const View length = reader.take(1);
    if (reader.failed() || length[0] > longest_label) return std::nullopt;
    if (length[0] == 0) break;
    const View label = reader.take(length[0]);
    if (reader.failed()) return std::nullopt;
    name.append(label.begin(), label.end());
    name += '.';
    if (name.size() > longest) return std::nullopt;
  }
  if (!name.empty()) name.pop_back();
  return name;
}

// A label may hold anything, a dot of its own included: no host's does.
bool is_host(const std::string& name) {
  return name.empty() || (is_name(name) && name.find('\\') == name.npos);
}

template <typename Address>
bool read_hints(View value, std::vector<Endpoint>& hints) {
  if (value.empty() || value.size() % sizeof(Address) != 0) return false;
  for (std::size_t i = 0; i < std::min(value.size() / sizeof(Address), most_hints); ++i) {
    Address address{};
    std::memcpy(&address, value.data() + i * sizeof(Address), sizeof(Address));
    hints.emplace_back(address, 0);
  }
  return true;
}

// [RFC 9460 §8] Keys that the record has, in order, itself not among them. Those that are not known
// here make the record one that is not to be used.
bool read_mandatory(View value, std::vector<std::uint16_t>& keys) {
  Reader reader(value);
  while (!reader.empty()) {
    const std::uint16_t key = reader.number();
    if (reader.failed() || key <= (keys.empty() ? key_mandatory : keys.back())) return false;
    keys.push_back(key);
  }
  return !keys.empty();
}

bool is_known(std::uint16_t key) {
  return key == key_port || key == key_ipv4hint || key == key_ipv6hint;
}

bool read_value(ServiceBinding& binding,
                std::uint16_t key,
                View value,
                std::vector<std::uint16_t>& needed) {
  switch (key) {
    case key_mandatory: return read_mandatory(value, needed);
    case key_ipv4hint: return read_hints<in_addr>(value, binding.hints);
    case key_ipv6hint: return read_hints<in6_addr>(value, binding.hints);
    case key_port:
      if (value.size() != 2) return false;
      binding.port = Reader(value).number();
      return true;
    default: return true;  // whatever it is
  }
}

}  // namespace

std::optional<ServiceBinding> read_service_binding(View data) {
  Reader reader(data);
  ServiceBinding binding;
  binding.priority = reader.number();
  auto host = read_name(reader);
  if (reader.failed() || !host) return std::nullopt;
  binding.host = *std::move(host);
  binding.is_usable = is_host(binding.host);
  if (binding.priority == 0) return binding;  // [RFC 9460 §2.4.2] parameters of an alias: ignored
  std::vector<std::uint16_t> needed;
  std::vector<std::uint16_t> present;
  while (!reader.empty()) {
    const std::uint16_t key = reader.number();
    const View value = reader.take(reader.number());
    const bool in_order = present.empty() || key > present.back();
    if (reader.failed() || !in_order || !read_value(binding, key, value, needed))
      return std::nullopt;
    present.push_back(key);
  }
  for (const std::uint16_t key : needed) {
    if (!std::ranges::binary_search(present, key)) return std::nullopt;
    binding.is_usable = binding.is_usable && is_known(key);
  }
  return binding;
}

std::optional<std::string> alias_in(const std::vector<ServiceBinding>& records, const Draw& draw) {
  std::vector<const ServiceBinding*> aliases;
  for (const ServiceBinding& it : records)
    if (it.priority == 0 && it.is_usable) aliases.push_back(&it);
  if (aliases.empty()) return std::nullopt;
  return aliases[draw(static_cast<unsigned>(aliases.size()) - 1)]->host;
}

std::vector<ServiceRecord> order_bindings(std::vector<ServiceBinding> records,
                                          std::uint16_t port,
                                          const Draw& draw) {
  std::erase_if(records, [](const ServiceBinding& it) {
    return !it.is_usable || it.priority == 0 || it.host.empty() || it.port == std::uint16_t{0};
  });
  for (std::size_t left = records.size(); left > 1; --left)
    std::swap(records[left - 1], records[draw(static_cast<unsigned>(left) - 1)]);
  std::ranges::stable_sort(records, {}, &ServiceBinding::priority);
  if (records.size() > most_service_hosts) records.resize(most_service_hosts);
  std::vector<ServiceRecord> ordered;
  for (ServiceBinding& it : records) {
    const std::uint16_t at = it.port.value_or(port);
    for (Endpoint& hint : it.hints) hint = hint.with_port(at);
    ordered.push_back({.priority = it.priority,
                       .port = at,
                       .host = std::move(it.host),
                       .hints = std::move(it.hints)});
  }
  return ordered;
}

std::vector<std::string> binding_names(std::uint16_t port, const std::vector<std::string>& names) {
  const std::string prefixed = '_' + std::to_string(port) + "._ssh";
  std::vector<std::string> result;
  for (const std::string& name : names)
    for (const std::string& service : {prefixed, std::string("_ssh")})
      if (port == ssh_port || service == prefixed)
        for (std::string& one : service_names(service, {name})) result.push_back(std::move(one));
  return result;
}

}  // namespace gladhand
