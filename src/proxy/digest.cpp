#include "proxy/digest.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/letters.hpp"
#include "proxy/http_fields.hpp"

#if GLADHAND_HAVE_LIBMD
#include <sys/types.h>

#include <md5.h>
#include <sha2.h>
#endif

namespace gladhand {

namespace {

enum class Hash : std::uint8_t { none, md5, sha256 };  // the better ones later

struct Challenge {
  std::string realm;
  std::string nonce;
  std::optional<std::string> opaque;
  Hash hash = Hash::md5;
  bool has_qop = false;
};

// In hexadecimal; empty where there is no library for it.
std::string hashed([[maybe_unused]] Hash hash, [[maybe_unused]] const std::string& text) {
#if GLADHAND_HAVE_LIBMD
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::array<char, 2 * 32 + 1> digits{};
  if (hash == Hash::md5) return MD5Data(bytes, text.size(), digits.data());
  if (hash == Hash::sha256) return SHA256Data(bytes, text.size(), digits.data());
#endif
  return "";
}

Hash read_hash(std::string_view name) {
  if (equal_words(name, "MD5")) return Hash::md5;
  if (equal_words(name, "SHA-256")) return Hash::sha256;
  return Hash::none;
}

bool has_word(std::string_view list, std::string_view word) {
  return std::ranges::any_of(split_list(list),
                             [word](std::string_view one) { return equal_words(one, word); });
}

std::string without_quotes(std::string_view value) {
  if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"'))
    return std::string(value);
  std::string text;
  value = value.substr(1, value.size() - 2);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

std::string quoted(std::string_view text) {
  std::string value = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') value += '\\';
    value += c;
  }
  return value + '"';
}

// Empty where it is none that can be answered.
std::optional<Challenge> read_challenge(std::string_view text) {
  constexpr std::string_view scheme = "Digest ";
  if (text.size() < scheme.size() || !equal_words(text.substr(0, scheme.size()), scheme))
    return std::nullopt;
  Challenge challenge;
  bool has_auth = false;
  for (const std::string_view element : split_list(text.substr(scheme.size()))) {
    const std::size_t equals = std::min(element.find('='), element.size());
    const std::string_view name = trim(element.substr(0, equals));
    const std::string value =
        without_quotes(trim(element.substr(std::min(equals + 1, element.size()))));
    if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
      return std::nullopt;
    if (equal_words(name, "realm")) challenge.realm = value;
    if (equal_words(name, "nonce")) challenge.nonce = value;
    if (equal_words(name, "opaque")) challenge.opaque = value;
    if (equal_words(name, "algorithm")) challenge.hash = read_hash(value);
    if (equal_words(name, "qop")) challenge.has_qop = true;
    if (equal_words(name, "qop")) has_auth = has_word(value, "auth");
  }
  if (challenge.has_qop != has_auth || hashed(challenge.hash, "").empty()) return std::nullopt;
  return challenge;
}

// "Basic realm=x, Digest realm=y, nonce=z" has two.
std::vector<std::string> split_challenges(std::string_view field) {
  std::vector<std::string> challenges;
  for (const std::string_view element : split_list(field)) {
    const bool begins_one = !challenge_schemes(element).empty();
    if (begins_one)
      challenges.emplace_back(element);
    else if (!challenges.empty())
      challenges.back() += ", " + std::string(element);
  }
  return challenges;
}

Hash strength(std::string_view challenge) {
  const auto read = read_challenge(challenge);
  return read ? read->hash : Hash::none;
}

}  // namespace

std::string better_digest(std::string known, std::string_view field) {
  Hash best = strength(known);
  for (std::string& challenge : split_challenges(field)) {
    const Hash its = strength(challenge);
    if (its <= best) continue;
    best = its;
    known = std::move(challenge);
  }
  return known;
}

// [RFC 7616 §3.4]; without qop as in [RFC 2069].
std::string answer_digest(std::string_view challenge,
                          const Credentials& credentials,
                          std::string_view method,
                          std::string_view uri,
                          std::string_view nonce) {
  constexpr const char* count = "00000001";
  const Challenge its = read_challenge(challenge).value_or(Challenge{});
  const auto hash = [&its](const std::string& text) { return hashed(its.hash, text); };
  const std::string who = hash(credentials.user + ':' + its.realm + ':' + credentials.password);
  const std::string what = hash(std::string(method) + ':' + std::string(uri));
  const std::string cnonce(nonce);
  const std::string proof = its.has_qop ? its.nonce + ':' + count + ':' + cnonce + ":auth:" + what
                                        : its.nonce + ':' + what;
  std::string value = "Digest username=" + quoted(credentials.user) +
                      ", realm=" + quoted(its.realm) + ", nonce=" + quoted(its.nonce) +
                      ", uri=" + quoted(uri) + ", response=\"" + hash(who + ':' + proof) +
                      "\", algorithm=" + (its.hash == Hash::md5 ? "MD5" : "SHA-256");
  if (its.opaque) value += ", opaque=" + quoted(*its.opaque);
  if (its.has_qop) value += ", qop=auth, nc=" + std::string(count) + ", cnonce=" + quoted(cnonce);
  return value;
}

}  // namespace gladhand
