// The listeners of a broker: `NAME://host:port` lists, and the map from listener names to security
// protocols.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

struct Listener {
    std::string name;  // upper case
    std::string host;  // without brackets; empty for all interfaces
    std::uint16_t port = 0;

    bool operator==(const Listener&) const = default;

    /// As in the configuration, with brackets around an IPv6 address.
    std::string to_string() const;
};

/// One `NAME://host:port`; nothing when it is malformed.
std::optional<Listener> parse_listener(std::string_view text);

/// A comma-separated list; nothing when one of them is malformed or the list is empty.
std::optional<std::vector<Listener>> parse_listeners(std::string_view text);

/// `NAME:PROTOCOL,...`, names in upper case; nothing when malformed, repeated, or with a protocol
/// that Kafka does not have.
std::optional<std::map<std::string, std::string>> parse_protocol_map(std::string_view text);

/// The parts between commas without the blanks around them; empty parts are left out.
std::vector<std::string_view> split_list(std::string_view text);

std::string_view trimmed(std::string_view text);

}  // namespace millrace
