#include "core/storage/record_checks.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

/// Kafka names them all; a batch of many million records would make an answer of gigabytes.
constexpr std::size_t kNamedMax = 10'000;

std::int64_t wrapping_sum(std::int64_t left, std::int64_t right) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) +
                                     static_cast<std::uint64_t>(right));
}

std::int64_t wrapping_difference(std::int64_t left, std::int64_t right) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) -
                                     static_cast<std::uint64_t>(right));
}

std::string description(const RecordFacts& record, RecordDetail detail) {
    const bool whole = detail == RecordDetail::kWhole;
    // Null counts as nothing only where Kafka has the field itself.
    const std::int32_t least = whole ? 0 : -1;
    return fmt::format("{}DefaultRecord(offset={}, timestamp={}, key={} bytes, value={} bytes)",
                       whole ? "" : "Partial", record.offset, record.timestamp,
                       std::max(record.key_size, least), std::max(record.value_size, least));
}

std::string first_three(const std::vector<RecordError>& errors) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(errors.size(), 3); ++i) {
        text += fmt::format("{}RecordError(batchIndex={}, message='{}')", i == 0 ? "" : ", ",
                            errors[i].index, errors[i].message);
    }
    return text;
}

}  // namespace

RecordChecks::RecordChecks(const ProduceRules& rules, bool claims_append_time, RecordDetail detail)
    : rules_(rules),
      detail_(detail),
      needs_key_(rules.topic.cleanup_by_compaction),
      append_time_(rules.topic.message_timestamp_type == TimestampType::kLogAppendTime),
      claims_append_time_(claims_append_time) {}

void RecordChecks::refuse(const RecordFacts& record) {
    any_time_ = any_time_ || !needs_key_ || record.key_size >= 0;
    if (++wrong_ <= static_cast<std::int64_t>(kNamedMax)) add(words_about(record));
}

void RecordChecks::refuse_format() {
    if (++wrong_ <= static_cast<std::int64_t>(kNamedMax)) {
        add("Record's magic does not match outer magic");
    }
    ++index_;
}

void RecordChecks::add(std::string message) { errors_.push_back({index_, std::move(message)}); }

std::string RecordChecks::words_about(const RecordFacts& record) {
    if (needs_key_ && record.key_size < 0) {
        return fmt::format(
            "Compacted topic cannot accept message without key in topic partition {}-{}",
            rules_.topic_name, rules_.partition);
    }
    if (append_time_ || record.timestamp == kNoTimestamp) {
        return fmt::format(
            "Invalid timestamp type in message {}. Producer should not set timestamp type to "
            "LogAppendTime.",
            description(record, detail_));
    }
    return fmt::format(
        "Timestamp {} of message with offset {} is out of range. The timestamp should be within "
        "[{}, {}]",
        record.timestamp, record.offset,
        wrapping_difference(rules_.now, rules_.topic.message_timestamp_before_max_ms),
        wrapping_sum(rules_.now, rules_.topic.message_timestamp_after_max_ms));
}

Refusal RecordChecks::verdict() && {
    if (wrong_ == 0) return {};
    Refusal refusal;
    if (any_time_) {
        refusal.error = Errc::kInvalidTimestamp;
        refusal.message = "One or more records have been rejected due to invalid timestamp";
    } else {
        refusal.error = Errc::kInvalidRecord;
        refusal.message = fmt::format(
            "One or more records have been rejected due to {} record errors in total, and only "
            "showing the first three errors at most: [{}]",
            wrong_, first_three(errors_));
    }
    refusal.records = std::move(errors_);
    return refusal;
}

}  // namespace millrace
