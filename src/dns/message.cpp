#include "dns/message.hpp"

#define CARES_NO_DEPRECATED  // 1.34 has a second interface for these; 1.18 has only this one
#include <ares.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/letters.hpp"
#include "dns/cares_memory.hpp"
#include "names/system_files.hpp"

namespace gladhand {

namespace {

constexpr std::size_t header_size = 12;
constexpr int class_in = 1;
constexpr int udp_payload = 1232;  // what fits every path [RFC 9715]
constexpr unsigned type_a = 1, type_ns = 2, type_cname = 5, type_soa = 6, type_aaaa = 28,
                   type_srv = 33, type_svcb = 64;
constexpr unsigned rcode_no_such_name = 3;

using View = std::span<const std::uint8_t>;

unsigned number_at(View bytes, std::size_t at) {
  return static_cast<unsigned>(bytes[at]) << 8U | bytes[at + 1];
}

struct Header {
  explicit Header(View message)
      : id(number_at(message, 0)),
        flags(number_at(message, 2)),
        questions(number_at(message, 4)),
        answers(number_at(message, 6)),
        authorities(number_at(message, 8)) {}

  bool is_response() const { return (flags & 0x8000U) != 0; }
  unsigned opcode() const { return flags >> 11U & 15U; }
  bool authoritative() const { return (flags & 0x0400U) != 0; }
  bool truncated() const { return (flags & 0x0200U) != 0; }
  bool recursive() const { return (flags & 0x0080U) != 0; }
  unsigned rcode() const { return flags & 15U; }

  unsigned id, flags, questions, answers, authorities;
};

// The question section of a message of ours.
View section_of(View question) {
  std::size_t end = header_size;
  while (question[end] != 0) end += 1U + question[end];
  return question.subspan(header_size, end + 5 - header_size);
}

bool repeats(View message, View section) {
  if (message.size() < header_size + section.size()) return false;
  const View theirs = message.subspan(header_size, section.size());
  return std::ranges::equal(theirs, section, {}, lower<std::uint8_t>, lower<std::uint8_t>);
}

// An error may come as a bare header: from who cannot read the question.
bool answers(const Header& header, View message, View question) {
  if (header.id != number_at(question, 0) || !header.is_response() || header.opcode() != 0)
    return false;
  if (header.questions == 1) return repeats(message, section_of(question));
  return header.questions == 0 && header.rcode() != 0 && header.rcode() != rcode_no_such_name;
}

struct Record {
  std::string owner;
  unsigned type = 0;
  View data;
  std::size_t data_at = 0;
};

// Reads one record after the other; a step beyond what is there, and nothing more can be read.
class Records {
 public:
  Records(View message, std::size_t at) : message_(message), at_(at) {}

  bool readable() const { return readable_; }

  // A name as c-ares decodes it, compression and its loops included.
  std::string name(std::size_t at, std::size_t& end) {
    give_cares_our_memory();
    char* text = nullptr;
    long length = 0;
    readable_ = readable_ && at < message_.size() &&
                ares_expand_name(message_.data() + at,
                                 message_.data(),
                                 static_cast<int>(message_.size()),
                                 &text,
                                 &length) == ARES_SUCCESS;
    if (!readable_) return {};
    const std::unique_ptr<char, void (*)(char*)> owned(text,
                                                       [](char* it) { ares_free_string(it); });
    end = at + static_cast<std::size_t>(length);
    return text;
  }

  // What is of another class counts as of no type.
  Record next() {
    constexpr std::size_t fixed_size = 10;  // type, class, time to live, length
    Record record;
    std::size_t fixed = at_;
    record.owner = name(at_, fixed);
    readable_ = readable_ && fixed + fixed_size <= message_.size();
    if (!readable_) return record;
    const std::size_t length = number_at(message_, fixed + 8);
    record.data_at = fixed + fixed_size;
    readable_ = record.data_at + length <= message_.size();
    if (!readable_) return record;
    if (number_at(message_, fixed + 2) == class_in) record.type = number_at(message_, fixed);
    record.data = message_.subspan(record.data_at, length);
    at_ = record.data_at + length;
    return record;
  }

  void cannot_read() { readable_ = false; }

 private:
  View message_;
  std::size_t at_;
  bool readable_ = true;
};

using Alias = std::pair<std::string, std::string>;

// The names that stand for `name`, itself included. A chain is as long as glibc's at most, so that
// nobody's loop is ours.
std::vector<std::string> follow(std::string name, const std::vector<Alias>& aliases) {
  constexpr std::size_t longest = 16;
  std::vector<std::string> chain{std::move(name)};
  while (chain.size() < longest) {
    const auto next = std::ranges::find_if(
        aliases, [&chain](const Alias& alias) { return equal_names(alias.first, chain.back()); });
    if (next == aliases.end()) break;
    chain.push_back(next->second);
  }
  return chain;
}

std::optional<Endpoint> address_in(const Record& record, std::uint16_t port) {
  if (record.type == type_a && record.data.size() == sizeof(in_addr)) {
    in_addr address{};
    std::memcpy(&address, record.data.data(), sizeof(address));
    return Endpoint(address, port);
  }
  if (record.type == type_aaaa && record.data.size() == sizeof(in6_addr)) {
    in6_addr address{};
    std::memcpy(&address, record.data.data(), sizeof(address));
    return Endpoint(address, port);
  }
  return std::nullopt;
}

// [RFC 2782] Priority, weight, port and a name, which may be compressed although it should not.
ServiceRecord service_in(Records& records, const Record& record) {
  constexpr std::size_t fixed_size = 6;
  if (record.data.size() <= fixed_size) {
    records.cannot_read();
    return {};
  }
  std::size_t end = 0;
  std::string host = records.name(record.data_at + fixed_size, end);
  if (end != record.data_at + record.data.size()) records.cannot_read();
  return {static_cast<std::uint16_t>(number_at(record.data, 0)),
          static_cast<std::uint16_t>(number_at(record.data, 2)),
          static_cast<std::uint16_t>(number_at(record.data, 4)),
          std::move(host)};
}

// [RFC 9460 §2.5.2] "." is the owner where it is no alias. One that is malformed spoils all.
std::optional<ServiceBinding> binding_in(const Record& record) {
  if (record.type != type_svcb) return std::nullopt;
  auto binding = read_service_binding(record.data);
  if (binding && binding->priority != 0 && binding->host.empty()) binding->host = record.owner;
  return binding;
}

// What the records of the type that was asked for hold, and whose they are.
template <typename T>
struct Owned {
  std::string owner;
  T value;
};

struct Contents {
  std::vector<Alias> aliases;
  std::vector<Owned<Endpoint>> addresses;
  std::vector<Owned<ServiceRecord>> services;
  std::vector<Owned<ServiceBinding>> bindings;
};

Contents read_records(Records& records, unsigned count, unsigned wanted, std::uint16_t port) {
  Contents contents;
  for (unsigned i = 0; i < count && records.readable(); ++i) {
    const Record record = records.next();
    std::size_t end = 0;
    if (records.readable() && record.type == type_cname) {
      std::string target = records.name(record.data_at, end);
      contents.aliases.emplace_back(record.owner, std::move(target));
    }
    if (!records.readable() || record.type != wanted) continue;
    if (wanted == type_srv) {
      contents.services.push_back({record.owner, service_in(records, record)});
    } else if (auto binding = binding_in(record)) {
      contents.bindings.push_back({record.owner, *std::move(binding)});
    } else if (const auto address = address_in(record, port)) {
      contents.addresses.push_back({record.owner, *address});
    } else {
      records.cannot_read();
    }
  }
  return contents;
}

// Records whose owner the chain of aliases never reaches are nobody's here.
template <typename T>
std::vector<T> in_chain(std::vector<Owned<T>>& found, const std::vector<std::string>& chain) {
  std::vector<T> values;
  for (Owned<T>& it : found)
    if (std::ranges::any_of(chain,
                            [&it](const std::string& name) { return equal_names(name, it.owner); }))
      values.push_back(std::move(it.value));
  return values;
}

// Whether an answer without records sends us elsewhere: from a server that does not have the zone
// and does not ask for us. The SOA of a denial says otherwise [RFC 2308 §2.2].
bool is_lame(Records& records, const Header& header) {
  if (header.authoritative()) return false;
  bool refers = !header.recursive();
  for (unsigned i = 0; i < header.authorities && records.readable(); ++i) {
    const Record record = records.next();
    if (record.type == type_soa) return false;
    refers = refers || record.type == type_ns;
  }
  return refers;
}

unsigned number_of(RecordType type) {
  switch (type) {
    case RecordType::aaaa: return type_aaaa;
    case RecordType::a: return type_a;
    case RecordType::srv: return type_srv;
    case RecordType::svcb: break;
  }
  return type_svcb;
}

}  // namespace

Bytes make_question(const std::string& name, RecordType record, std::uint16_t id, Edns edns) {
  give_cares_our_memory();
  unsigned char* buffer = nullptr;
  int size = 0;
  const auto type = static_cast<int>(number_of(record));
  const int payload = edns == Edns::yes ? udp_payload : 0;
  if (ares_create_query(name.c_str(), class_in, type, id, 1, &buffer, &size, payload) !=
      ARES_SUCCESS)
    return {};
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(
      buffer, [](unsigned char* it) { ares_free_string(it); });
  return Bytes(buffer, buffer + size);
}

std::optional<DnsAnswer> read_answer(View message, View question, std::uint16_t port) {
  if (message.size() < header_size) return std::nullopt;
  const Header header(message);
  if (!answers(header, message, question)) return std::nullopt;
  DnsAnswer answer{.status = AnswerStatus::server_failure, .truncated = header.truncated()};
  if (header.rcode() == rcode_no_such_name) answer.status = AnswerStatus::no_such_name;
  if (header.rcode() != 0) return answer;

  const View section = section_of(question);
  Records records(message, header_size + section.size());
  Records self(message, header_size);
  std::size_t end = 0;
  const unsigned wanted = number_at(section, section.size() - 4);
  Contents contents = read_records(records, header.answers, wanted, port);
  const std::vector<std::string> chain = follow(self.name(header_size, end), contents.aliases);
  answer.addresses = in_chain(contents.addresses, chain);
  answer.services = in_chain(contents.services, chain);
  answer.bindings = in_chain(contents.bindings, chain);
  const bool found =
      !answer.addresses.empty() || !answer.services.empty() || !answer.bindings.empty();
  answer.status = found ? AnswerStatus::addresses : AnswerStatus::no_address;
  if (header.answers == 0 && records.readable() && is_lame(records, header))
    answer.status = AnswerStatus::server_failure;
  if (!records.readable() && !answer.truncated) {
    answer.status = AnswerStatus::bad_answer;
    answer.addresses.clear();
    answer.services.clear();
    answer.bindings.clear();
  }
  return answer;
}

}  // namespace gladhand
