#include "dns/resolver.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "gladhand/error.hpp"

namespace gladhand {

namespace {

// Of our own choosing where resolv.conf is silent. One dead server costs a second, not the five
// of resolv.conf(5); an answer to the first datagram is still taken while the second is out.
constexpr std::chrono::seconds default_timeout{1};
constexpr unsigned default_attempts = 3;

// c-ares 1.18 says "connection refused" too when servers answered SERVFAIL or REFUSED; whether
// anything was heard of them tells the two apart.
AnswerStatus read_status(int status, bool heard) {
  switch (status) {
    case ARES_SUCCESS: return AnswerStatus::addresses;
    case ARES_ENODATA: return AnswerStatus::no_address;
    case ARES_ENOTFOUND: return AnswerStatus::no_such_name;
    case ARES_EBADRESP: return AnswerStatus::bad_answer;
    case ARES_ETIMEOUT: return AnswerStatus::no_answer;
    case ARES_ECONNREFUSED: return heard ? AnswerStatus::server_failure : AnswerStatus::no_answer;
    default: return AnswerStatus::server_failure;
  }
}

void require(int status, const char* what) {
  if (status != ARES_SUCCESS)
    throw Error(ExitStatus::not_handed_over,
                std::string("c-ares: ") + what + ": " + ares_strerror(status));
}

}  // namespace

// One socket of c-ares'. c-ares closes it, never we: its number may be a racing socket's next.
struct Resolver::Watch {
  Watch(asio::io_context& loop, int fd) : descriptor(loop, fd) {}

  asio::posix::stream_descriptor descriptor;
  bool wants_read = false;
  bool wants_write = false;
  bool reading = false;
  bool writing = false;
  bool gone = false;
};

struct Resolver::Query {
  std::weak_ptr<Resolver*> owner;
  Family family{};
  std::size_t position = 0;  // of the name in the search list
};

Resolver::Resolver(asio::io_context& loop,
                   const std::string& name,
                   std::uint16_t port,
                   const std::vector<Family>& families,
                   const ResolvConf& conf,
                   std::function<void(const Answer&)> on_answer,
                   Report report)
    : loop_(loop),
      port_(port),
      families_(families),
      on_answer_(std::move(on_answer)),
      report_(std::move(report)),
      walk_(search_names(name, conf), families),
      conf_(conf),
      asks_left_(std::max<std::size_t>(conf.servers.size(), 1)),
      alarm_(loop),
      self_(std::make_shared<Resolver*>(this)) {
  require(ares_library_init(ARES_LIB_INIT_ALL), "library");
  ares_options options{};
  char lookups[] = "b";
  in_addr placeholder{htonl(INADDR_LOOPBACK)};  // with a server and a sort list no file is read
  const std::chrono::milliseconds timeout = conf.timeout.value_or(default_timeout);
  options.flags = ARES_FLAG_EDNS | (conf.use_tcp ? ARES_FLAG_USEVC : 0);
  options.ednspsz = 1232;  // what fits every path [RFC 9715]
  options.timeout = static_cast<int>(timeout.count());
  options.tries = static_cast<int>(conf.attempts.value_or(default_attempts));
  options.ndots = 1;
  options.servers = &placeholder;
  options.nservers = 1;
#ifdef ARES_OPT_UDP_MAX_QUERIES  // since 1.20
  // A socket for each question: c-ares closes one over an answer it cannot read, and the other
  // question would lose its attempts with it.
  options.udp_max_queries = 1;
#endif
  options.lookups = lookups;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    auto* resolver = static_cast<Resolver*>(self);
    try {
      resolver->socket_changed(fd, readable != 0, writable != 0);
    } catch (...) {
      resolver->failure_ = std::current_exception();
    }
  };
  const int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                   ARES_OPT_NDOTS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
                   ARES_OPT_SERVERS | ARES_OPT_SORTLIST |
#ifdef ARES_OPT_UDP_MAX_QUERIES
                   ARES_OPT_UDP_MAX_QUERIES |
#endif
                   (conf.rotate ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE);
  ares_channel channel = nullptr;
  require(ares_init_options(&channel, &options, mask), "options");
  channel_.reset(channel);
  set_servers(conf.servers);
}

Resolver::~Resolver() {
  self_.reset();
  channel_.reset();  // calls back for what is outstanding
}

void Resolver::set_servers(const std::vector<std::string>& servers) {
  constexpr int link_local_since = 0x011800;  // 1.24; before, one such server voids the whole list
  int version = 0;
  ares_version(&version);
  std::string csv;
  for (const std::string& server : servers) {
    if (server.find('%') != std::string::npos && version < link_local_since) continue;
    csv += (csv.empty() ? "" : ",") + server;
  }
  if (servers.empty()) csv = "127.0.0.1";  // resolv.conf(5): the server on the local machine
  if (csv.empty())
    throw Error(
        ExitStatus::no_address,
        "c-ares before 1.24 cannot ask the link-local name server " + in_quotes(servers.front()),
        "name another one with --dns-server");
  require(ares_set_servers_ports_csv(channel_.get(), csv.c_str()), "name servers");
}

void Resolver::ask(Family family) {
  take_in_errors();
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;  // the whole list is sorted at once, later
  hints.ai_family = family == Family::ipv6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  // The final dot: c-ares before 1.23 would walk its own search list.
  const std::string absolute = walk_.name() + '.';
  auto query = std::make_unique<Query>(Query{self_, family, walk_.position()});
  ares_getaddrinfo(
      channel_.get(),
      absolute.c_str(),
      nullptr,
      &hints,
      [](void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
        const std::unique_ptr<Query> asked(static_cast<Query*>(argument));
        if (const auto owner = asked->owner.lock()) {
          try {
            (*owner)->received(*asked, status, result);
          } catch (...) {
            (*owner)->failure_ = std::current_exception();
          }
        }
        if (result != nullptr) ares_freeaddrinfo(result);
      },
      query.release());
  rethrow();
  set_alarm();
}

// A server on this machine with its port closed is known to be so at once. c-ares before 1.20 would
// find that out when it sends the next question over the same socket, put it down to that question
// alone, and let the one before wait for its timeout.
void Resolver::take_in_errors() {
  constexpr int most_rounds = 32;  // servers times attempts, and then some
  for (int round = 0; round < most_rounds && !watches_.empty(); ++round) {
    std::vector<pollfd> entries;
    for (const auto& [fd, watch] : watches_) entries.push_back({fd, POLLIN, 0});
    if (::poll(entries.data(), entries.size(), 0) <= 0) return;
    for (const pollfd& entry : entries)
      if (entry.revents != 0) process(entry.fd, ARES_SOCKET_BAD);
  }
}

// May run inside ask(), before ares_getaddrinfo has returned.
void Resolver::received(Query& query, int status, const ares_addrinfo* result) {
  Answer answer{query.family, read_status(status, heard_), {}};
  for (const ares_addrinfo_node* node = result != nullptr ? result->nodes : nullptr;
       node != nullptr;
       node = node->ai_next)
    answer.addresses.push_back(Endpoint(node->ai_addr, node->ai_addrlen).with_port(port_));
  if (answer.status == AnswerStatus::addresses && answer.addresses.empty())
    answer.status = AnswerStatus::no_address;
  if (answer.status == AnswerStatus::bad_answer && asks_left_ > 0 &&
      walk_.awaits(query.position, query.family))
    return ask_again(query.family);
  take(query.position, std::move(answer));
}

// What cannot be read need not be the server's: it may be a forger's, or a box's on the way. On a
// channel of its own: c-ares before 1.22 changes no server while a question is open.
void Resolver::ask_again(Family family) {
  if (report_) report_(AskedAgain{family});
  ResolvConf conf = conf_;
  if (!conf.servers.empty())
    std::rotate(conf.servers.begin(), conf.servers.begin() + 1, conf.servers.end());
  conf.rotate = false;
  again_.push_back(std::make_unique<Resolver>(
      loop_,
      walk_.name() + '.',
      port_,
      std::vector{family},
      conf,
      [this, position = walk_.position()](const Answer& answer) { take(position, answer); },
      report_));
  again_.back()->asks_left_ = asks_left_ - 1;
  again_.back()->ask(family);
}

void Resolver::take(std::size_t position, Answer answer) {
  const std::string before = walk_.name();
  for (const Answer& final : walk_.take(position, std::move(answer))) on_answer_(final);
  if (!walk_.asks_again()) return;
  asio::post(loop_, [self = std::weak_ptr(self_), before] {
    if (const auto resolver = self.lock()) (*resolver)->ask_for_next_name(before);
  });
}

void Resolver::ask_for_next_name(const std::string& passed_over) {
  if (report_) report_(NextName{walk_.name(), passed_over});
  for (const Family family : families_) ask(family);
}

// --- c-ares' sockets under Asio ------------------------------------------------------------

// c-ares says so before it closes a socket: the descriptor is let go here and now, or its number
// could be the next attempt's while Asio still believes to own it.
void Resolver::socket_changed(int fd, bool readable, bool writable) {
  const auto found = watches_.find(fd);
  if (!readable && !writable) {
    if (found == watches_.end()) return;
    found->second->gone = true;
    found->second->descriptor.release();
    watches_.erase(found);
    return;
  }
  if (found == watches_.end()) watches_.emplace(fd, std::make_shared<Watch>(loop_, fd));
  const std::shared_ptr<Watch>& entry = watches_.at(fd);
  entry->wants_read = readable;
  entry->wants_write = writable;
  watch(entry);
}

void Resolver::watch(const std::shared_ptr<Watch>& watch) {
  using Wait = asio::posix::stream_descriptor;
  const auto wait = [this, &watch](Wait::wait_type direction, bool Watch::*waiting) {
    watch.get()->*waiting = true;
    watch->descriptor.async_wait(direction, [this, watch, waiting](std::error_code error) {
      watch.get()->*waiting = false;
      if (watch->gone || error) return;  // gone: so may be this resolver
      const int fd = watch->descriptor.native_handle();
      process(waiting == &Watch::reading ? fd : ARES_SOCKET_BAD,
              waiting == &Watch::writing ? fd : ARES_SOCKET_BAD);
      if (!watch->gone) this->watch(watch);
    });
  };
  if (watch->wants_read && !watch->reading) wait(Wait::wait_read, &Watch::reading);
  if (watch->wants_write && !watch->writing) wait(Wait::wait_write, &Watch::writing);
}

void Resolver::process(int readable_fd, int writable_fd) {
  int bytes = 0;  // not recv(MSG_PEEK): it would take a pending error away from c-ares
  if (readable_fd != ARES_SOCKET_BAD && ::ioctl(readable_fd, FIONREAD, &bytes) == 0 && bytes > 0)
    heard_ = true;
  ares_process_fd(channel_.get(), readable_fd, writable_fd);
  rethrow();
  set_alarm();
}

void Resolver::rethrow() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Resolver::set_alarm() {
  timeval longest{};
  const timeval* next = ares_timeout(channel_.get(), nullptr, &longest);
  if (next == nullptr) return;
  // c-ares before 1.23 cuts the rest of a millisecond off: too early would only spin.
  alarm_.expires_after(std::chrono::seconds(next->tv_sec) +
                       std::chrono::microseconds(next->tv_usec) + std::chrono::milliseconds(1));
  alarm_.async_wait([self = std::weak_ptr(self_)](std::error_code error) {
    const auto resolver = self.lock();
    if (!error && resolver) (*resolver)->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace gladhand
