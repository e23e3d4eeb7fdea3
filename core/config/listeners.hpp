// The listeners of a broker: lists of NAME://host:port, and the map from their names to security
// protocols.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// Where one listener is bound or reached.
struct Endpoint {
    std::string host;  // without brackets; empty for all addresses
    std::uint16_t port{};
    std::string listener = "PLAINTEXT";  // its name, in capitals

    bool operator==(const Endpoint&) const = default;

    /// As in the configuration, with brackets around an IPv6 address.
    std::string to_string() const;
};

/// One host:port, with brackets around an IPv6 address; nothing when it is malformed.
std::optional<Endpoint> parse_address(std::string_view text);

/// One NAME://host:port; nothing when it is malformed.
std::optional<Endpoint> parse_endpoint(std::string_view text);

/// As names of listeners and protocols are compared: in capitals.
std::string listener_name(std::string_view text);

/// NAME:PROTOCOL,... with both in capitals, the last of a name that is there twice; nothing when
/// malformed, or with a protocol that Kafka does not have.
std::optional<std::map<std::string, std::string>> parse_protocol_map(std::string_view text);

}  // namespace millrace
