#include "core/storage/producer_state.hpp"

#include "core/base/varint.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace millrace {
namespace {

constexpr std::int16_t kAbort = 0;
constexpr std::int16_t kCommit = 1;

std::int32_t last_sequence(const RecordBatchView& batch) {
    return sequence_after(batch.base_sequence(), batch.last_offset_delta());
}

/// The batch of this epoch with the same sequences, or null.
const ProducerBatch* find_duplicate(const Producer& known, const RecordBatchView& batch) {
    if (batch.producer_epoch() != known.epoch) return nullptr;
    for (const ProducerBatch& each : known.batches()) {
        if (each.first_sequence() == batch.base_sequence() &&
            each.last_sequence == last_sequence(batch)) {
            return &each;
        }
    }
    return nullptr;
}

bool goes_on(const Producer& known, const RecordBatchView& batch) {
    if (known.epoch == kNoProducerEpoch) return true;
    const bool begins = batch.base_sequence() == 0;
    if (batch.producer_epoch() != known.epoch || known.batch_count == 0) return begins;
    return batch.base_sequence() == sequence_after(known.last_sequence(), 1);
}

/// The coordinator's epoch that a marker of a transaction's end tells; nothing for other control
/// batches.
std::optional<std::int32_t> coordinator_epoch_of(const RecordBatchView& batch) {
    const ByteView record = batch.records();
    std::size_t at = 0;
    const bool begins = read_varint(record, at).has_value();  // length
    ++at;                                                     // attributes
    if (!begins || !read_varlong(record, at) || !read_varint(record, at)) return std::nullopt;
    const auto key_size = read_varint(record, at);
    if (!key_size || *key_size < 4 || at + 4 > record.size()) return std::nullopt;
    const auto type = load_be<std::int16_t>(&record[at + 2]);
    if (type != kAbort && type != kCommit) return std::nullopt;
    at += static_cast<std::size_t>(*key_size);
    const auto value_size = read_varint(record, at);
    if (!value_size || *value_size < 6 || at + 6 > record.size()) return std::nullopt;
    return load_be<std::int32_t>(&record[at + 2]);
}

}  // namespace

void Producer::add(const ProducerBatch& batch) {
    if (batch_count == kBatchesMax) {
        std::move(oldest_first.begin() + 1, oldest_first.end(), oldest_first.begin());
        --batch_count;
    }
    oldest_first[batch_count++] = batch;
}

void Producer::begin_epoch(std::int16_t begun) {
    if (epoch == begun) return;
    epoch = begun;
    oldest_first = {};
    batch_count = 0;
}

Result<const ProducerBatch*> ProducerState::check(const RecordBatchView& batch) const {
    const auto found = producers_.find(batch.producer_id());
    if (found == producers_.end()) return nullptr;
    const Producer& known = found->second;
    if (const ProducerBatch* const there = find_duplicate(known, batch)) return there;
    if (batch.producer_epoch() < known.epoch) return Errc::kStaleProducerEpoch;
    if (!goes_on(known, batch)) return Errc::kOutOfOrderSequence;
    if (known.transaction_start.value >= 0 && !batch.is_transactional()) {
        return Errc::kInvalidTransaction;
    }
    return nullptr;
}

bool ProducerState::note(const RecordBatchView& batch) {
    const auto marker = batch.is_control() ? coordinator_epoch_of(batch) : std::nullopt;
    if (batch.is_control() && !marker) return false;
    const auto [at, is_new] = producers_.try_emplace(batch.producer_id());
    Producer& producer = at->second;
    producer.begin_epoch(batch.producer_epoch());
    producer.last_timestamp = batch.max_timestamp();
    if (marker) {
        producer.coordinator_epoch = *marker;
        producer.transaction_start = Offset{-1};
    } else {
        producer.add({last_sequence(batch), batch.last_offset_delta(), batch.last_offset(),
                      batch.max_timestamp()});
        const bool opens = batch.is_transactional() && producer.transaction_start.value < 0;
        if (opens) producer.transaction_start = batch.base_offset();
    }
    if (!is_new || producers_.size() <= producers_max_) return false;
    forget_silent();
    return true;
}

void ProducerState::forget_silent() {
    std::vector<Offset> newest;
    for (const auto& [id, producer] : producers_) {
        if (producer.batch_count > 0) {
            newest.push_back(producer.batches().back().last_offset);
        }
    }
    if (newest.empty()) return;
    const auto middle = newest.begin() + static_cast<std::ptrdiff_t>(newest.size() / 2);
    std::nth_element(newest.begin(), middle, newest.end());
    std::erase_if(producers_, [middle](const auto& each) {
        const Producer& producer = each.second;
        return producer.transaction_start.value < 0 &&
               (producer.batch_count == 0 || producer.batches().back().last_offset < *middle);
    });
}

void ProducerState::expire(TimestampMs now, std::int64_t age_ms) {
    std::erase_if(producers_, [now, age_ms](const auto& each) {
        const Producer& producer = each.second;
        return producer.transaction_start.value < 0 && now - producer.last_timestamp >= age_ms;
    });
}

}  // namespace millrace
