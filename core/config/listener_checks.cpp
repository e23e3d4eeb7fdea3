// The listeners of a broker, and the keys that name one of them.
#include "core/config/checks.hpp"
#include "core/config/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

constexpr std::string_view kMap = "listener.security.protocol.map";

using Protocols = std::map<std::string, std::string>;

bool has_listener(const std::vector<Endpoint>& endpoints, std::string_view name) {
    return std::ranges::find(endpoints, name, &Endpoint::listener) != endpoints.end();
}

void check_names(Values& values, std::string_view key, const std::vector<Endpoint>& endpoints,
                 const Protocols& protocols) {
    for (std::size_t at = 0; at < endpoints.size(); ++at) {
        const Endpoint& each = endpoints[at];
        const auto same_name = [&each](const Endpoint& other) {
            return other.listener == each.listener;
        };
        if (std::any_of(endpoints.begin(), endpoints.begin() + static_cast<std::ptrdiff_t>(at),
                        same_name)) {
            values.problem(key, each.to_string(), "each name once");
        }
        if (!protocols.contains(each.listener)) {
            values.problem(key, each.to_string(),
                           fmt::format("a name that {} gives a protocol", kMap));
        }
    }
}

void check_ports(Values& values, const std::vector<Endpoint>& listeners) {
    for (std::size_t at = 1; at < listeners.size(); ++at) {
        const auto same_port = [&](const Endpoint& other) {
            return other.port != 0 && other.port == listeners[at].port;
        };
        if (std::any_of(listeners.begin(), listeners.begin() + static_cast<std::ptrdiff_t>(at),
                        same_port)) {
            values.problem("listeners", listeners[at].to_string(), "each port once");
        }
    }
}

void check_advertised(Values& values, const BrokerConfig& config) {
    for (const Endpoint& each : config.advertised) {
        if (each.host == "0.0.0.0") {
            values.problem("advertised.listeners", each.to_string(),
                           "an address that clients can reach");
        } else if (each.host == "::") {
            values.refuse("advertised.listeners", each.to_string(),
                          "an address that clients can reach");
        }
        if (!has_listener(config.listeners, each.listener)) {
            values.problem("advertised.listeners", each.to_string(),
                           "a name that is among the listeners");
        }
    }
}

void check_any(Values& values, std::string_view key, const std::vector<Endpoint>& endpoints) {
    if (endpoints.empty()) values.problem(key, "at least one NAME://host:port");
}

/// The listener that other brokers would use: by its name, or by the name of a protocol.
void check_inter_broker(Values& values, const BrokerConfig& config, const Protocols& protocols) {
    constexpr std::string_view kName = "inter.broker.listener.name";
    constexpr std::string_view kProtocol = "security.inter.broker.protocol";
    const bool is_named = values.is_given(kName);
    if (is_named && values.is_given(kProtocol)) {
        values.problem(kName, fmt::format("only one of this and {}", kProtocol));
        return;
    }
    const std::string name = listener_name(values.text(is_named ? kName : kProtocol));
    if (is_named && !protocols.contains(name)) {
        values.problem(kName, fmt::format("a name that {} gives a protocol", kMap));
    } else if (!has_listener(config.advertised, name)) {
        values.problem(kName, name, "one of the advertised listeners");
    }
}

void check_early_start(Values& values, const BrokerConfig& config) {
    constexpr std::string_view kKey = "early.start.listeners";
    for (const std::string_view each : split_list(values.text(kKey))) {
        if (!has_listener(config.listeners, each)) {
            values.problem(kKey, each, "the name of a listener, in capitals");
        }
    }
}

void check_built(Values& values, const BrokerConfig& config, const Protocols& protocols) {
    if (config.listeners.size() > 1) {
        values.refuse("listeners", values.text("listeners"), "exactly one listener");
    }
    for (const Endpoint& each : config.listeners) {
        const auto found = protocols.find(each.listener);
        if (found != protocols.end() && found->second != "PLAINTEXT") {
            values.refuse("listeners", each.to_string(),
                          "PLAINTEXT://host:port; other protocols are not built yet");
        }
    }
}

}  // namespace

void read_listeners(Values& values, BrokerConfig& config) {
    config.listeners = values.endpoints("listeners");
    config.advertised = values.is_given("advertised.listeners")
                            ? values.endpoints("advertised.listeners")
                            : config.listeners;
    const auto protocols = parse_protocol_map(values.text(kMap));
    if (!protocols) {
        values.problem(kMap, "NAME:PROTOCOL, with commas between several");
        return;
    }
    check_any(values, "listeners", config.listeners);
    check_names(values, "listeners", config.listeners, *protocols);
    check_ports(values, config.listeners);
    if (values.fine()) {
        check_any(values, "advertised.listeners", config.advertised);
        check_names(values, "advertised.listeners", config.advertised, *protocols);
    }
    if (values.fine()) check_advertised(values, config);
    if (values.fine()) check_inter_broker(values, config, *protocols);
    if (values.fine()) check_early_start(values, config);
    if (values.fine()) check_built(values, config, *protocols);
}

}  // namespace millrace
