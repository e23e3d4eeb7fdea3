#include "core/storage/text_checkpoint.hpp"

#include "core/base/parse.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) break;
        text.remove_prefix(at + 1);
    }
    return parts;
}

/// The entry lines of a file that begins with version 0 and their count.
Result<std::vector<std::string_view>> entry_lines(std::string_view text) {
    std::vector<std::string_view> lines = split(text, '\n');
    if (lines.size() < 2 || lines[0] != "0") return Errc::kMalformed;
    const auto count = parse_number<std::size_t>(lines[1]);
    if (!count || *count != lines.size() - 2) return Errc::kMalformed;
    lines.erase(lines.begin(), lines.begin() + 2);
    return lines;
}

}  // namespace

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 22) return std::nullopt;
    Uuid uuid;
    unsigned pending = 0;
    int bits = 0;
    std::size_t filled = 0;
    for (const char each : text) {
        const auto digit = kDigits.find(each);
        if (digit == std::string_view::npos) return std::nullopt;
        pending = (pending << 6) | static_cast<unsigned>(digit);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        uuid.bytes[filled++] = static_cast<std::byte>(pending >> bits);
    }
    return uuid;
}

std::optional<TopicPartition> parse_folder_name(std::string_view name) {
    const auto dash = name.rfind('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    const auto partition = parse_number<std::int32_t>(name.substr(dash + 1));
    if (!partition || *partition < 0) return std::nullopt;
    return TopicPartition{std::string(name.substr(0, dash)), PartitionIndex{*partition}};
}

std::string format_offset_checkpoint(const OffsetCheckpoint& entries) {
    std::string text = fmt::format("0\n{}\n", entries.size());
    for (const auto& [name, offset] : entries) {
        text += fmt::format("{} {} {}\n", name.topic, name.partition.value, offset.value);
    }
    return text;
}

Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text) {
    const auto lines = entry_lines(text);
    if (!lines) return lines.error();
    OffsetCheckpoint entries;
    for (const std::string_view line : *lines) {
        const auto words = split(line, ' ');
        if (words.size() != 3) return Errc::kMalformed;
        const auto partition = parse_number<std::int32_t>(words[1]);
        const auto offset = parse_number<std::int64_t>(words[2]);
        if (!partition || !offset) return Errc::kMalformed;
        entries[{std::string(words[0]), PartitionIndex{*partition}}] = Offset{*offset};
    }
    return entries;
}

std::string format_leader_epochs(const std::vector<EpochStart>& entries) {
    std::string text = fmt::format("0\n{}\n", entries.size());
    for (const auto& [epoch, start] : entries) {
        text += fmt::format("{} {}\n", epoch.value, start.value);
    }
    return text;
}

Result<std::vector<EpochStart>> parse_leader_epochs(std::string_view text) {
    const auto lines = entry_lines(text);
    if (!lines) return lines.error();
    std::vector<EpochStart> entries;
    for (const std::string_view line : *lines) {
        const auto words = split(line, ' ');
        if (words.size() != 2) return Errc::kMalformed;
        const auto epoch = parse_number<std::int32_t>(words[0]);
        const auto start = parse_number<std::int64_t>(words[1]);
        if (!epoch || !start) return Errc::kMalformed;
        entries.push_back({LeaderEpoch{*epoch}, Offset{*start}});
    }
    return entries;
}

std::string format_partition_metadata(const Uuid& topic_id) {
    return fmt::format("version: 0\ntopic_id: {}", topic_id.to_string());
}

Result<Uuid> parse_partition_metadata(std::string_view text) {
    const auto lines = split(text, '\n');
    constexpr std::string_view kIdKey = "topic_id: ";
    if (lines.size() < 2 || lines[0] != "version: 0" || !lines[1].starts_with(kIdKey)) {
        return Errc::kMalformed;
    }
    const auto id = parse_uuid(lines[1].substr(kIdKey.size()));
    if (!id) return Errc::kMalformed;
    return *id;
}

std::string format_meta_properties(const MetaProperties& properties) {
    std::string text = fmt::format("#\nversion=0\nbroker.id={}\ncluster.id={}\n",
                                   properties.broker_id, properties.cluster_id);
    if (!properties.directory_id.empty()) {
        text += fmt::format("directory.id={}\n", properties.directory_id);
    }
    return text;
}

Result<MetaProperties> parse_meta_properties(std::string_view text) {
    std::map<std::string_view, std::string_view> values;
    for (const std::string_view line : split(text, '\n')) {
        const auto equals = line.find('=');
        if (line.starts_with('#') || equals == std::string_view::npos) continue;
        values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    const auto broker_id = parse_number<std::int32_t>(values["broker.id"]);
    if (values["version"] != "0" || !broker_id) return Errc::kMalformed;
    return MetaProperties{*broker_id, std::string(values["cluster.id"]),
                          std::string(values["directory.id"])};
}

}  // namespace millrace
