#include "core/storage/text_checkpoint.hpp"

#include "core/storage/text_fields.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace millrace {
namespace {

constexpr int kVersion = 0;

/// Reads version and count, then gives each line to `parse_line`, which returns an optional entry.
template <class Entry, class ParseLine>
Result<std::vector<Entry>> parse_lines(std::string_view text, ParseLine parse_line) {
    const auto version_line = next_line(text);
    if (!version_line) return Errc::kMalformed;
    const auto version = parse_number<int>(*version_line);
    if (!version) return Errc::kMalformed;
    if (*version != kVersion) return Errc::kUnsupportedVersion;
    const auto count_line = next_line(text);
    if (!count_line) return Errc::kMalformed;
    const auto count = parse_number<std::int64_t>(*count_line);
    if (!count || *count < 0) return Errc::kMalformed;

    std::vector<Entry> entries;
    while (const auto line = next_line(text)) {
        const auto entry = parse_line(*line);
        if (!entry) return Errc::kMalformed;
        entries.push_back(*entry);
    }
    if (static_cast<std::int64_t>(entries.size()) != *count) return Errc::kMalformed;
    return entries;
}

std::optional<OffsetCheckpointEntry> parse_offset_line(std::string_view line) {
    const std::string_view topic = next_field(line);
    const auto partition = parse_number<std::int32_t>(next_field(line));
    const auto offset = parse_number<std::int64_t>(next_field(line));
    if (topic.empty() || !partition || *partition < 0 || !offset || !line.empty())
        return std::nullopt;
    return OffsetCheckpointEntry{{std::string(topic), PartitionIndex{*partition}}, Offset{*offset}};
}

std::optional<LeaderEpochEntry> parse_epoch_line(std::string_view line) {
    const auto epoch = parse_number<std::int32_t>(next_field(line));
    const auto offset = parse_number<std::int64_t>(next_field(line));
    if (!epoch || *epoch < 0 || !offset || *offset < 0 || !line.empty()) return std::nullopt;
    return LeaderEpochEntry{LeaderEpoch{*epoch}, Offset{*offset}};
}

}  // namespace

std::string format_offset_checkpoint(const std::vector<OffsetCheckpointEntry>& entries) {
    std::string text = fmt::format("{}\n{}\n", kVersion, entries.size());
    for (const OffsetCheckpointEntry& entry : entries)
        fmt::format_to(std::back_inserter(text), "{} {} {}\n", entry.partition.topic,
                       entry.partition.partition.value, entry.offset.value);
    return text;
}

std::string format_leader_epochs(const std::vector<LeaderEpochEntry>& entries) {
    std::string text = fmt::format("{}\n{}\n", kVersion, entries.size());
    for (const LeaderEpochEntry& entry : entries)
        fmt::format_to(std::back_inserter(text), "{} {}\n", entry.epoch.value,
                       entry.start_offset.value);
    return text;
}

Result<std::vector<OffsetCheckpointEntry>> parse_offset_checkpoint(std::string_view text) {
    return parse_lines<OffsetCheckpointEntry>(text, parse_offset_line);
}

Result<std::vector<LeaderEpochEntry>> parse_leader_epochs(std::string_view text) {
    auto entries = parse_lines<LeaderEpochEntry>(text, parse_epoch_line);
    if (!entries) return entries.error();
    for (std::size_t index = 1; index < entries->size(); ++index) {
        const LeaderEpochEntry& before = (*entries)[index - 1];
        const LeaderEpochEntry& entry = (*entries)[index];
        if (entry.epoch <= before.epoch || entry.start_offset <= before.start_offset)
            return Errc::kMalformed;
    }
    return entries;
}

}  // namespace millrace
