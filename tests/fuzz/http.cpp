#include "fuzz.hpp"

namespace {

// What is made of a proxy's challenge is one request, whatever the challenge holds.
void answer(std::string_view words) {
  const gladhand::Credentials alice{"alice", "secret"};
  const gladhand::Destination db{std::nullopt, "db.example", 22};
  const auto first = gladhand::ask_proxy(gladhand::ProxyScheme::http, db);
  peer::converse(*first, words);
  const std::string challenge = first->challenge();
  fuzz::check(challenge.empty() || first->state() == peer::State::wants_new_connection);
  const auto second =
      gladhand::ask_proxy(gladhand::ProxyScheme::http,
                          db,
                          {.credentials = alice, .challenge = challenge, .nonce = "1"});
  const std::string request = second->take_output();
  fuzz::check(request.find("\r\n\r\n") == request.size() - 4);
  fuzz::check(std::ranges::count(request, '\n') == 5);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  fuzz::tell_proxy(gladhand::ProxyScheme::http, input);
  if (!input.empty()) answer(input.substr(1));  // behind what says how the words arrive
  return 0;
}
