#include "core/storage/partition_metadata.hpp"

#include "core/storage/text_fields.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::size_t kUuidTextSize = 22;
constexpr std::string_view kVersionKey = "version: ";
constexpr std::string_view kTopicIdKey = "topic_id: ";

std::optional<unsigned> base64url_digit(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
    if (c == '-') return 62;
    if (c == '_') return 63;
    return std::nullopt;
}

}  // namespace

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != kUuidTextSize) return std::nullopt;
    Uuid uuid;
    std::size_t index = 0;
    unsigned pending = 0;
    int bits = 0;
    for (const char c : text) {
        const auto digit = base64url_digit(c);
        if (!digit) return std::nullopt;
        pending = ((pending << 6) | *digit) & 0xfff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        uuid.bytes[index++] = static_cast<std::byte>((pending >> bits) & 0xff);
    }
    // 132 bits carry 128: a text whose last four are set spells no id that anyone writes.
    if ((pending & 0xf) != 0) return std::nullopt;
    return uuid;
}

std::string format_partition_metadata(const Uuid& topic_id) {
    return fmt::format("{}0\n{}{}\n", kVersionKey, kTopicIdKey, topic_id.to_string());
}

Result<Uuid> parse_partition_metadata(std::string_view text) {
    const auto version_line = next_line(text);
    if (!version_line || !version_line->starts_with(kVersionKey)) return Errc::kMalformed;
    const auto version = parse_number<int>(version_line->substr(kVersionKey.size()));
    if (!version) return Errc::kMalformed;
    if (*version != 0) return Errc::kUnsupportedVersion;
    const auto id_line = next_line(text);
    if (!id_line || !id_line->starts_with(kTopicIdKey) || !text.empty()) return Errc::kMalformed;
    const auto uuid = parse_uuid(id_line->substr(kTopicIdKey.size()));
    if (!uuid || uuid->is_zero()) return Errc::kMalformed;
    return *uuid;
}

}  // namespace millrace
