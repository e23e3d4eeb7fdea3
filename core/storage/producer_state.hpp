// What a log remembers of its idempotent producers: by it a batch that is sent again is known, and
// one that would leave a gap is refused.
//
// Kafka's rules (KIP-98, KIP-360): of each producer id the newest epoch and its last five batches.
// Sequences count records and go on with 0 behind 2147483647.
#pragma once

#include "core/storage/record_batch.hpp"

#include <array>
#include <map>
#include <span>

namespace millrace {

inline constexpr std::int16_t kNoProducerEpoch = -1;
inline constexpr std::int32_t kNoSequence = -1;

/// The sequence of the record `count` behind the one with `sequence`.
constexpr std::int32_t sequence_after(std::int32_t sequence, std::int32_t count) {
    return static_cast<std::int32_t>((std::int64_t{sequence} + count) & 0x7fffffff);
}

/// A producer's batch that lies in the log.
struct ProducerBatch {
    std::int32_t last_sequence{kNoSequence};
    std::int32_t offset_delta{};
    Offset last_offset{-1};
    TimestampMs timestamp{kNoTimestamp};

    Offset base_offset() const { return last_offset + -std::int64_t{offset_delta}; }
    std::int32_t first_sequence() const {
        return static_cast<std::int32_t>((std::int64_t{last_sequence} - offset_delta) & 0x7fffffff);
    }

    bool operator==(const ProducerBatch&) const = default;
};

/// A producer of a log. Without batches when nothing but markers of its transactions is known.
struct Producer {
    static constexpr std::size_t kBatchesMax = 5;

    std::int16_t epoch{kNoProducerEpoch};
    std::uint8_t batch_count{};
    std::int32_t coordinator_epoch{-1};
    TimestampMs last_timestamp{kNoTimestamp};
    Offset transaction_start{-1};
    std::array<ProducerBatch, kBatchesMax> oldest_first{};

    std::span<const ProducerBatch> batches() const {
        return std::span(oldest_first).first(batch_count);
    }
    std::int32_t last_sequence() const {
        return batch_count == 0 ? kNoSequence : oldest_first[batch_count - 1U].last_sequence;
    }
    /// The oldest goes when there is no more room.
    void add(const ProducerBatch& batch);
    /// A newer epoch begins without batches.
    void begin_epoch(std::int16_t begun);

    bool operator==(const Producer&) const = default;
};

/// Owned by its log, on that log's shard.
class ProducerState {
public:
    /// The most producers of a log, 25 MiB of them. When there are more, those that were silent
    /// longest are forgotten, half of all at once.
    static constexpr std::size_t kProducersMax = std::size_t{1} << 17;

    explicit ProducerState(std::size_t producers_max = kProducersMax)
        : producers_max_(producers_max) {}

    /// What becomes of a batch that a client sends: appended (null), or it is there already and
    /// this is the one. Errc::kStaleProducerEpoch: a newer epoch is known. kOutOfOrderSequence:
    /// it doesn't go on where the producer's last batch ends. kInvalidTransaction: the producer has
    /// a transaction open here, and the batch is none of it. REQUIRES: the batch has a producer id.
    Result<const ProducerBatch*> check(const RecordBatchView& batch) const;

    /// The batch is part of the log, markers of transactions too. True when producers were
    /// forgotten for it. REQUIRES: it has a producer id, and lies whole in its bytes.
    bool note(const RecordBatchView& batch);

    /// Those without an open transaction are forgotten whose last batch says that it is `age_ms`
    /// or older.
    void expire(TimestampMs now, std::int64_t age_ms);

    /// As a snapshot told.
    void restore(std::int64_t id, const Producer& producer) { producers_[id] = producer; }

    bool empty() const { return producers_.empty(); }
    const std::map<std::int64_t, Producer>& producers() const { return producers_; }

private:
    void forget_silent();

    std::size_t producers_max_;
    std::map<std::int64_t, Producer> producers_;
};

}  // namespace millrace
