#include "dns/name_lookup.hpp"

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <exception>
#include <utility>

#include "dns/ask_command.hpp"
#include "dns/ask_getent.hpp"
#include "dns/ask_mdns.hpp"
#include "dns/ask_resolved.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = NameStep::Kind;

constexpr std::chrono::seconds patience_with_daemons{5};  // what they allow themselves

std::string label(const NameStep& step) {
  switch (step.kind) {
    case Kind::files: return "'files'";
    case Kind::dns: return "DNS";
    case Kind::mdns: return "mDNS";
    case Kind::resolved: return "systemd-resolved";
    case Kind::module: return in_quotes(step.module.name);
    case Kind::system: return "the system's resolver";
    case Kind::command: return "--resolve-with";
  }
  return "";
}

// As libc's own modules put it.
NssStatus to_nss(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::addresses: return NssStatus::success;
    case AnswerStatus::no_such_name:
    case AnswerStatus::no_address: return NssStatus::notfound;
    case AnswerStatus::no_answer: return NssStatus::unavail;
    case AnswerStatus::server_failure:
    case AnswerStatus::bad_answer: return NssStatus::tryagain;
  }
  return NssStatus::unavail;
}

bool has_addresses(const std::optional<Found>& found) {
  return found && found->status == AnswerStatus::addresses;
}

// [RFC 6762] a daemon that is there knows the links; where there is none, or none that speaks mDNS,
// one question of our own.
asio::awaitable<Found> ask_mdns(std::string name,
                                Family family,
                                std::uint16_t port,
                                Clock::time_point deadline) {
  const auto avahi = co_await ask_avahi(name, family, port, deadline);
  if (avahi && *avahi) co_return **avahi;  // its socket may be there without it
  const auto resolved = co_await ask_resolved(name, family, port, deadline);
  if (resolved && has_addresses(*resolved)) co_return **resolved;
  co_return co_await ask_links(name, family, port, deadline);
}

asio::awaitable<Found> ask_for_single_label(std::string name,
                                            Family family,
                                            std::uint16_t port,
                                            Clock::time_point deadline) {
  auto found = co_await ask_resolved(name, family, port, deadline);
  if (!found) co_return Found{AnswerStatus::no_answer, {}, found.error().what()};
  if (!*found) co_return Found{AnswerStatus::no_answer, {}, "systemd-resolved does not run"};
  co_return std::move(**found);
}

Found to_found(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return {AnswerStatus::no_answer, {}, error.what()};
  }
}

std::string without_final_dot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

NameLookup::NameLookup(asio::io_context& loop,
                       const Target& target,
                       const NameSource& source,
                       const std::vector<Family>& families,
                       Clock::time_point deadline,
                       Listener listener)
    : loop_(loop),
      target_(target),
      name_(source.name),
      conf_(source.conf),
      delays_(source.delays),
      command_(source.command),
      steps_(source.plan.steps),
      families_(families),
      deadline_(deadline),
      listener_(std::move(listener)),
      unasked_(source.plan.unasked),
      self_(std::make_shared<NameLookup*>(this)) {
  if (source.plan.files_first)
    account_.push_back({label({Kind::files}), AnswerStatus::no_such_name});
  if (!steps_.empty() && steps_.front().kind == Kind::dns) make_resolver();
}

NameLookup::~NameLookup() {
  self_.reset();
  if (programs_) programs_->end();  // the loop may run no more
  for (const auto& question : questions_) question->emit(asio::cancellation_type::terminal);
}

const std::string& NameLookup::name() const {
  return resolver_ ? resolver_->name() : name_;
}

void NameLookup::take_in() {
  if (resolver_) resolver_->take_in();
}

std::vector<std::string> NameLookup::silent_servers() const {
  if (!resolver_) return {};
  return resolver_->silent_servers();
}

void NameLookup::ask(Family family) {
  ++asked_;
  if (steps_.empty()) {
    listener_.on_answer({family, AnswerStatus::no_such_name});
  } else if (steps_.front().kind == Kind::dns) {
    resolver_->ask(family);
  } else if (asked_ == families_.size()) {
    begin_step();
  }
}

std::shared_ptr<CommandGroup> NameLookup::programs() {
  if (!programs_) programs_ = std::make_shared<CommandGroup>();
  return programs_;
}

void NameLookup::make_resolver() {
  resolver_ = std::make_shared<Resolver>(
      loop_,
      name_,
      target_.port,
      families_,
      conf_,
      delays_,
      [this, step = at_](const Resolver::Answer& answer) {
        answered(step, answer.family, {answer.status, answer.addresses});
      },
      listener_.report);
}

void NameLookup::begin_step() {
  held_.clear();
  count_ = 0;
  const NameStep& step = steps_[at_];
  if (step.kind == Kind::files) return look_into_files();
  if (step.kind == Kind::dns) return ask_name_servers();
  if (step.kind == Kind::command) return ask_user_command();
  for (const Family family : families_) spawn(family, question_for(step, family));
}

void NameLookup::look_into_files() {
  const std::vector<Endpoint> found = find_in_hosts_file(target_);
  for (const Family family : families_) {
    Found of_family;
    for (const Endpoint& endpoint : found)
      if (endpoint.family() == family) of_family.addresses.push_back(endpoint);
    if (!of_family.addresses.empty()) of_family.status = AnswerStatus::addresses;
    answered(at_, family, std::move(of_family));
  }
}

void NameLookup::ask_name_servers() {
  make_resolver();
  for (const Family family : families_) {
    if (listener_.report) listener_.report(SendQuery{family, resolver_->name()});
    resolver_->ask(family);
  }
}

// All families are one question to it.
void NameLookup::ask_user_command() {
  auto use = [watched = std::weak_ptr(self_)](const Endpoint& address) {
    if (const auto lookup = watched.lock()) (*lookup)->take_early(address);
  };
  spawn({},
        ask_command(loop_, programs(), command_, target_, families_, deadline_, std::move(use)));
}

void NameLookup::take_early(const Endpoint& address) {
  choose({address});
  listener_.on_addresses({address});
}

asio::awaitable<Found> NameLookup::question_for(const NameStep& step, Family family) {
  const std::string name = without_final_dot(target_.name);
  const Clock::time_point soon = std::min(deadline_, Clock::now() + patience_with_daemons);
  switch (step.kind) {
    case Kind::mdns: return ask_mdns(name, family, target_.port, soon);
    case Kind::resolved: return ask_for_single_label(name, family, target_.port, soon);
    default:
      return ask_getent(
          loop_, programs(), step.module.name, target_.name, family, target_.port, deadline_);
  }
}

// The signal must live as long as the question, which may end after this.
void NameLookup::spawn(std::optional<Family> family, asio::awaitable<Found> question) {
  const auto signal = std::make_shared<asio::cancellation_signal>();
  questions_.push_back(signal);
  asio::co_spawn(
      loop_,
      std::move(question),
      asio::bind_cancellation_slot(signal->slot(),
                                   [watched = std::weak_ptr(self_), signal, step = at_, family](
                                       const std::exception_ptr& failure, Found found) {
                                     const auto lookup = watched.lock();
                                     if (!lookup) return;
                                     if (failure) found = to_found(failure);
                                     if (family)
                                       return (*lookup)->answered(step, *family, std::move(found));
                                     (*lookup)->user_command_ended(step, found);
                                   }));
}

void NameLookup::user_command_ended(std::size_t step, const Found& found) {
  if (found.status != AnswerStatus::addresses) failure_ = found.failure;
  for (const Family family : families_) answered(step, family, found);
}

void NameLookup::answered(std::size_t step, Family family, Found found) {
  if (step != at_) return;
  ++count_;
  if (count_ == 1) first_ = {found.status, {}, found.failure};
  if (found.status == AnswerStatus::addresses) choose(found.addresses);
  held_.push_back({family, std::move(found)});
  if (chosen_ || at_ + 1 == steps_.size()) release();
  if (count_ == families_.size() && !chosen_) end_step();
}

// The step has an address: nobody else will be asked.
void NameLookup::choose(const std::vector<Endpoint>& addresses) {
  if (std::exchange(chosen_, true)) return;
  account_.push_back({label(steps_[at_]), AnswerStatus::addresses, addresses});
  tell_account();
}

void NameLookup::release() {
  const bool from_servers = steps_[at_].kind == Kind::dns;
  for (Held& held : std::exchange(held_, {})) {
    // What name servers have said tells more than that somebody else knew nothing either.
    const auto told = std::ranges::find(told_by_servers_, held.family, &Held::family);
    if (!chosen_ && told != told_by_servers_.end()) held.found.status = told->found.status;
    listener_.on_answer({held.family,
                         held.found.status,
                         std::move(held.found.addresses),
                         from_servers ? "" : label(steps_[at_])});
  }
}

void NameLookup::end_step() {
  const NameStep& step = steps_[at_];
  account_.push_back({label(step), first_.status, {}, first_.failure});
  const bool was_asked = first_.failure.empty() || first_.status != AnswerStatus::no_answer;
  if (step.kind == Kind::module && !was_asked) unasked_.push_back(step.module.name);
  if (at_ + 1 == steps_.size()) return tell_account();
  if (step.module.ends_on(to_nss(first_.status))) {
    steps_.resize(at_ + 1);
    release();
    return tell_account();
  }
  if (step.kind == Kind::dns) told_by_servers_ = std::move(held_);
  ++at_;
  // Not from inside of c-ares, whose channel may be gone before the next step ends.
  asio::post(loop_, [watched = std::weak_ptr(self_)] {
    if (const auto lookup = watched.lock()) (*lookup)->begin_step();
  });
}

// Nothing is said where name servers were asked alone, as they mostly are.
void NameLookup::tell_account() {
  if (!listener_.report) return;
  const bool ordinary = steps_.size() == 1 && steps_.front().kind == Kind::dns;
  if (ordinary || (at_ == 0 && steps_.front().kind == Kind::dns && chosen_)) return;
  listener_.report(NamesAsked{account_});
}

}  // namespace gladhand
