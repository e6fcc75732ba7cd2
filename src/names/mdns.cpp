#include "names/mdns.hpp"

#include <cstring>

#include "names/system_files.hpp"

namespace gladhand {

namespace {

constexpr std::size_t header_size = 12;
constexpr std::uint16_t class_internet = 1;
constexpr std::uint16_t cache_flush = 0x8000;  // or "unicast answer, please", in a question

std::uint16_t record_type(Family family) {
  return family == Family::ipv6 ? 28 : 1;
}

void append(std::string& message, std::uint16_t number) {
  message += static_cast<char>(number >> 8);
  message += static_cast<char>(number & 0xff);
}

// Reads a message from front to back; once it has run over the end, everything it reads is 0.
class Reader {
 public:
  explicit Reader(std::string_view message) : message_(message) {}

  bool failed() const { return failed_; }

  std::string_view octets(std::size_t count) {
    if (failed_ || count > message_.size() - at_) {
      failed_ = true;
      return {};
    }
    at_ += count;
    return message_.substr(at_ - count, count);
  }

  unsigned octet() {
    const std::string_view one = octets(1);
    return one.empty() ? 0 : static_cast<unsigned char>(one[0]);
  }

  std::uint16_t number() {
    const unsigned high = octet();
    return static_cast<std::uint16_t>(high << 8 | octet());
  }

  // With dots between its labels. A pointer leads backwards only [RFC 1035 §4.1.4].
  std::string name() {
    std::string result;
    std::size_t end = 0;  // behind the first pointer
    for (std::size_t lowest = at_; !failed_;) {
      const unsigned length = octet();
      if (length == 0) break;
      if (length < 0x40) {
        result += (result.empty() ? "" : ".") + std::string(octets(length));
        if (result.size() > 255) failed_ = true;
        continue;
      }
      const std::size_t target = (length & 0x3f) << 8 | octet();
      if (length < 0xc0 || target >= lowest) failed_ = true;
      if (end == 0) end = at_;
      at_ = lowest = target;
    }
    if (end != 0 && !failed_) at_ = end;
    return result;
  }

 private:
  std::string_view message_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

std::optional<Endpoint> read_address(std::string_view data, Family family) {
  if (family == Family::ipv6 && data.size() == sizeof(in6_addr)) {
    in6_addr address{};
    std::memcpy(&address, data.data(), sizeof(address));
    return Endpoint(address, 0);
  }
  if (family == Family::ipv4 && data.size() == sizeof(in_addr)) {
    in_addr address{};
    std::memcpy(&address, data.data(), sizeof(address));
    return Endpoint(address, 0);
  }
  return std::nullopt;
}

}  // namespace

std::string mdns_query(std::string_view name, Family family, std::uint16_t id) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string message;
  for (const std::uint16_t field : {id, std::uint16_t{0}, std::uint16_t{1}}) append(message, field);
  message.append(header_size - message.size(), '\0');
  for (;;) {
    const std::string_view label = name.substr(0, name.find('.'));
    message += static_cast<char>(label.size());
    message += label;
    if (label.size() == name.size()) break;
    name.remove_prefix(label.size() + 1);
  }
  message += '\0';
  append(message, record_type(family));
  append(message, class_internet);
  return message;
}

std::vector<Endpoint> read_mdns_answer(std::string_view datagram,
                                       std::string_view name,
                                       Family family,
                                       std::uint16_t id) {
  Reader reader(datagram);
  const bool ours = reader.number() == id;
  const std::uint16_t flags = reader.number();
  constexpr std::uint16_t response = 0x8000;
  constexpr std::uint16_t opcode_and_rcode = 0x780f;
  if (!ours || (flags & response) == 0 || (flags & opcode_and_rcode) != 0) return {};
  const unsigned questions = reader.number();
  const unsigned answers = reader.number();
  reader.octets(4);  // authorities and additional records, which are not read
  for (unsigned i = 0; i < questions && !reader.failed(); ++i) {
    reader.name();
    reader.octets(4);
  }
  std::vector<Endpoint> found;
  for (unsigned i = 0; i < answers && !reader.failed(); ++i) {
    const std::string owner = reader.name();
    const std::uint16_t type = reader.number();
    const auto record_class = static_cast<std::uint16_t>(reader.number() & ~cache_flush);
    reader.octets(4);  // the time to live
    const std::string_view data = reader.octets(reader.number());
    if (type != record_type(family) || record_class != class_internet || !equal_names(owner, name))
      continue;
    if (const auto address = read_address(data, family)) found.push_back(*address);
  }
  if (reader.failed()) return {};
  return found;
}

}  // namespace gladhand
