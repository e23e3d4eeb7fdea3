#include "core/config/listeners.hpp"

#include "core/base/parse.hpp"
#include "core/config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 4> kProtocols = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT",
                                                        "SASL_SSL"};

bool is_name_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_name_letter);
}

bool is_host(std::string_view host, bool in_brackets) {
    return std::ranges::all_of(host, [in_brackets](char c) {
        return is_name_letter(c) || (in_brackets && (c == ':' || c == '%'));
    });
}

}  // namespace

std::string Endpoint::to_string() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", listener, is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                       port);
}

std::string listener_name(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return upper;
}

std::optional<Endpoint> parse_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    const bool in_brackets = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (in_brackets) host = host.substr(1, host.size() - 2);
    if (!port || !is_host(host, in_brackets)) return std::nullopt;
    return Endpoint{std::string(host), *port};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const std::size_t name_end = text.find("://");
    if (name_end == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(0, name_end);
    auto endpoint = parse_address(text.substr(name_end + 3));
    if (!is_name(name) || !endpoint) return std::nullopt;
    endpoint->listener = listener_name(name);
    return endpoint;
}

std::optional<std::map<std::string, std::string>> parse_protocol_map(std::string_view text) {
    std::map<std::string, std::string> protocols;
    for (const std::string_view part : split_list(text)) {
        const std::size_t colon = part.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        const std::string_view name = trimmed(part.substr(0, colon));
        const std::string protocol = listener_name(trimmed(part.substr(colon + 1)));
        const bool known = std::ranges::find(kProtocols, protocol) != kProtocols.end();
        if (!is_name(name) || !known) return std::nullopt;
        protocols.insert_or_assign(listener_name(name), protocol);
    }
    return protocols;
}

}  // namespace millrace
