// What a leader asks of each record before it takes it, with Kafka 3.9's words for what is wrong.
#pragma once

#include "core/base/result.hpp"
#include "core/base/types.hpp"
#include "core/config/topic_config.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

struct ProduceRules {
    const TopicConfig& topic;
    TimestampMs now = 0;  // what time bounds count from, and the time of LogAppendTime
    // Of the partition, for what is said about a record.
    std::string_view topic_name{};
    std::int32_t partition = 0;
};

/// What is wrong with one record of a batch.
struct RecordError {
    std::int32_t index{};
    std::string message;
};

/// Why a batch is refused. The words are empty unless single records are to blame.
struct Refusal {
    Error error;
    std::string message{};
    std::vector<RecordError> records{};
};

/// A record, as far as it is checked; a size of -1 is null.
struct RecordFacts {
    std::int64_t offset{};
    TimestampMs timestamp{};
    std::int32_t key_size{};
    std::int32_t value_size{};
};

/// How much of a record Kafka has at hand when it speaks of it.
enum class RecordDetail { kWhole, kSizesOnly };

/// Judges the records of one batch as they come.
class RecordChecks {
public:
    /// `claims_append_time`: the producer has set what is the broker's to set.
    RecordChecks(const ProduceRules& rules, bool claims_append_time, RecordDetail detail);

    void check(const RecordFacts& record) {
        largest_ = std::max(largest_, record.timestamp);
        if (!is_good(record)) refuse(record);
        ++index_;
    }
    /// The next record is of another format than its batch.
    void refuse_format();

    /// Nothing, or what is wrong: Errc::kInvalidTimestamp or kInvalidRecord.
    Refusal verdict() &&;

    TimestampMs largest_timestamp() const { return largest_; }
    /// The largest of the records that were checked, or now when the topic's records have the
    /// time at which they are appended.
    TimestampMs batch_timestamp() const { return append_time_ ? rules_.now : largest_; }

private:
    bool is_good(const RecordFacts& record) const {
        if (needs_key_ && record.key_size < 0) return false;
        if (append_time_ || record.timestamp == kNoTimestamp) return !claims_append_time_;
        // Java's differences wrap.
        const auto age = static_cast<std::int64_t>(static_cast<std::uint64_t>(rules_.now) -
                                                   static_cast<std::uint64_t>(record.timestamp));
        const auto ahead = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(age));
        return age <= rules_.topic.message_timestamp_before_max_ms &&
               ahead <= rules_.topic.message_timestamp_after_max_ms;
    }
    void refuse(const RecordFacts& record);
    std::string words_about(const RecordFacts& record);
    void add(std::string message);

    const ProduceRules& rules_;
    RecordDetail detail_;
    bool needs_key_;
    bool append_time_;
    bool claims_append_time_;
    bool any_time_{};  // among what is wrong
    std::int32_t index_{};
    std::int64_t wrong_{};
    TimestampMs largest_ = kNoTimestamp;
    std::vector<RecordError> errors_;
};

}  // namespace millrace
