// Service bindings: SVCB records [RFC 9460], their bytes and what they mean for a client that knows
// ports and addresses only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gladhand/endpoint.hpp"
#include "names/service.hpp"

namespace gladhand {

struct ServiceBinding {
  std::uint16_t priority{};  ///< 0: an alias
  std::string host{};        ///< absolute, without its final dot; empty: "."
  std::optional<std::uint16_t> port{};
  std::vector<Endpoint> hints{};  ///< without a port
  bool is_usable = true;  ///< nothing in it is mandatory that is not known here [RFC 9460 §8]
};

/// So many hints of a family count, the first ones.
inline constexpr std::size_t most_hints = 8;

/// So many aliases are followed.
inline constexpr unsigned most_service_aliases = 8;

/// Reads the data of one SVCB record. Empty for what is malformed [RFC 9460 §2.2]: then none of the
/// records beside it counts.
std::optional<ServiceBinding> read_service_binding(std::span<const std::uint8_t> data);

/// Where the records of a name are an alias for another's: that name, empty for "."; of several
/// aliases one is drawn, and beside one nothing else counts [RFC 9460 §2.4.1].
std::optional<std::string> alias_in(const std::vector<ServiceBinding>& records, const Draw& draw);

/// The hosts in the order in which they are to be tried: the smaller priority first, those of equal
/// priority shuffled [RFC 9460 §2.4.1]. A port that is not told is `port`. What is not usable is
/// left out, and what is beyond most_service_hosts.
std::vector<ServiceRecord> order_bindings(std::vector<ServiceBinding> records,
                                          std::uint16_t port,
                                          const Draw& draw);

/// What is asked for: "_22._ssh.NAME" of each of `names`, and "_ssh.NAME" where `port` is ssh's,
/// which a name need not have before it [RFC 9460 §2.3].
std::vector<std::string> binding_names(std::uint16_t port, const std::vector<std::string>& names);

}  // namespace gladhand
