#include "core/config/listeners.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 4> kProtocols = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT",
                                                        "SASL_SSL"};
constexpr std::string_view kBlanks = " \t\r\n\f";

bool is_name_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/// Kafka compares names of listeners and protocols without regard to case.
std::string upper_case(std::string_view text) {
    std::string upper(text);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return upper;
}

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_name_letter);
}

bool is_host(std::string_view host, bool in_brackets) {
    return std::ranges::all_of(
        host, [&](char c) { return is_name_letter(c) || (in_brackets && (c == ':' || c == '%')); });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view part = trimmed(text.substr(0, comma));
        if (!part.empty()) parts.push_back(part);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return parts;
}

std::string Listener::to_string() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", name, is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
}

std::optional<Listener> parse_listener(std::string_view text) {
    const std::size_t name_end = text.find("://");
    if (name_end == std::string_view::npos || !is_name(text.substr(0, name_end)))
        return std::nullopt;
    const std::string_view address = text.substr(name_end + 3);
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_port(address.substr(colon + 1));
    std::string_view host = address.substr(0, colon);
    const bool in_brackets = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (in_brackets) host = host.substr(1, host.size() - 2);
    if (!port || !is_host(host, in_brackets)) return std::nullopt;
    return Listener{upper_case(text.substr(0, name_end)), std::string(host), *port};
}

std::optional<std::vector<Listener>> parse_listeners(std::string_view text) {
    std::vector<Listener> listeners;
    for (const std::string_view part : split_list(text)) {
        const auto listener = parse_listener(part);
        if (!listener) return std::nullopt;
        listeners.push_back(*listener);
    }
    if (listeners.empty()) return std::nullopt;
    return listeners;
}

std::optional<std::map<std::string, std::string>> parse_protocol_map(std::string_view text) {
    std::map<std::string, std::string> protocols;
    for (const std::string_view part : split_list(text)) {
        const std::size_t colon = part.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        const std::string_view name = trimmed(part.substr(0, colon));
        const std::string protocol = upper_case(trimmed(part.substr(colon + 1)));
        if (!is_name(name) || std::ranges::find(kProtocols, protocol) == kProtocols.end())
            return std::nullopt;
        if (!protocols.emplace(upper_case(name), protocol).second) return std::nullopt;
    }
    return protocols;
}

}  // namespace millrace
