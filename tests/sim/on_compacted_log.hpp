// A test of a compacted log on the simulator's disk: small segments, batches of records with keys,
// and the rule that whatever a cleaner has left must follow.
#pragma once

#include "tests/sim/on_sim_disk.hpp"
#include "tests/support/keyed_batches.hpp"

#include <algorithm>
#include <map>

namespace millrace {

class OnCompactedLog : public OnSimDisk {
protected:
    explicit OnCompactedLog(std::uint64_t seed = 1) : OnSimDisk(seed) {
        topic_.segment_bytes = 2'000;
        topic_.cleanup_by_deletion = false;
        topic_.cleanup_by_compaction = true;
        topic_.min_cleanable_dirty_ratio = 0.01;
        topic_.file_delete_delay_ms = 2'000;
        config_.cleaner.backoff = std::chrono::milliseconds(200);
        config_.cache_bytes = 8 << 20;
    }

    Task<> create_compacted() {
        co_await create();
        log_->set_config(topic_);
    }

    Task<bool> open_compacted() {
        const bool opened = co_await open();
        if (!opened || log_ == nullptr) co_return false;
        log_->set_config(topic_);
        // A batch that nobody was told of may be there all the same.
        const bool is_there =
            !begun_.empty() && log_->log_end_offset().value > begun_.front().offset;
        if (is_there) all_.insert(all_.end(), begun_.begin(), begun_.end());
        begun_.clear();
        co_return true;
    }

    /// Appends a batch and waits until it is durable: all_ has its records then.
    Task<bool> put(std::vector<KeyedRecord> records, BatchFrame frame = {}) {
        Bytes batch = make_keyed_batch(records, frame);
        const auto room = co_await log_->wait_for_room(batch.size());
        if (!room) co_return false;
        const auto appended = log_->append(batch, LeaderEpoch{0});
        if (!appended) co_return false;
        begun_ = records_in(batch);
        const auto durable = co_await log_->wait_durable(log_->log_end_offset(), kNever);
        if (!durable) co_return false;
        all_.insert(all_.end(), begun_.begin(), begun_.end());
        begun_.clear();
        co_return true;
    }

    /// A batch of a few records with a few keys, some of them tombstones.
    Task<bool> put_some(Prng& prng, std::uint64_t keys) {
        constexpr std::array kCodecs = {Codec::kNone,   Codec::kNone, Codec::kGzip,
                                        Codec::kSnappy, Codec::kLz4,  Codec::kZstd};
        std::vector<KeyedRecord> records;
        const std::uint64_t count = prng.between(1, 8);
        for (std::uint64_t i = 0; i < count; ++i) {
            KeyedRecord record{"key " + std::to_string(prng.below(keys)),
                               std::string(prng.between(0, 120), 'v'), next_++};
            if (prng.below(5) == 0) record.value.reset();
            records.push_back(std::move(record));
        }
        BatchFrame frame;
        frame.codec = kCodecs[prng.below(kCodecs.size())];
        co_return co_await put(std::move(records), frame);
    }

    /// Everything below the last segment has been cleaned. False when that takes a minute.
    Task<bool> wait_until_clean() {
        for (int i = 0; i < 600; ++i) {
            const Offset active = last_base();
            if (log_->cleaned_to() && *log_->cleaned_to() >= active) co_return true;
            if (active == Offset{0}) co_return true;
            co_await sleep_for(*world_, std::chrono::milliseconds(100));
        }
        co_return false;
    }

    Offset last_base() const { return log_->segment_starts().back().first; }

    /// Of each key the last record below `clean` is there, and so is everything from there on;
    /// nothing that wasn't written is. A tombstone may be gone if `tombstones_go`. What is between
    /// may be there or not when `is_clean` is false.
    Task<> expect_survivors(bool tombstones_go, bool is_clean = true) {
        const Bytes bytes = co_await read_everything();
        const std::vector<LoggedRecord> left = records_in(bytes);
        std::map<std::int64_t, LoggedRecord> written;
        std::map<std::string, std::int64_t> newest;
        const std::int64_t clean = is_clean ? log_->cleaned_to().value_or(Offset{0}).value : 0;
        for (const LoggedRecord& each : all_) {
            written[each.offset] = each;
            if (!is_clean || each.offset < clean) newest[*each.key] = each.offset;
        }
        expect_segments_apart();
        std::int64_t before = -1;
        std::map<std::int64_t, bool> there;
        for (const LoggedRecord& each : left) {
            EXPECT_LT(before, each.offset);
            before = each.offset;
            there[each.offset] = true;
            const auto original = written.find(each.offset);
            EXPECT_TRUE(original != written.end() && original->second == each)
                << each.offset << (original == written.end() ? " was never written" : " differs");
        }
        for (const LoggedRecord& each : all_) {
            if (each.offset < log_->log_start_offset().value) continue;
            const bool is_newest = newest[*each.key] == each.offset || each.offset >= clean;
            const bool must_stay = is_clean ? is_newest : newest[*each.key] == each.offset;
            const bool may_go = !must_stay || (tombstones_go && !each.value);
            if (!may_go) {
                EXPECT_TRUE(there.contains(each.offset)) << each.offset;
            }
            if (is_clean && !must_stay) {
                EXPECT_FALSE(there.contains(each.offset)) << each.offset;
            }
        }
    }

    /// No segment begins inside of what another one holds.
    void expect_segments_apart() {
        Offset end{0};
        for (const LogSegment* const segment : log_->segments_before(log_->log_end_offset())) {
            EXPECT_LE(end, segment->base());
            end = segment->next_offset();
        }
    }

    std::size_t files_with(std::string_view part) {
        const auto files = disk().files(kFolder + "/t-0/");
        return static_cast<std::size_t>(std::count_if(
            files.begin(), files.end(),
            [part](const std::string& name) { return name.find(part) != std::string::npos; }));
    }

    TopicConfig topic_;
    std::vector<LoggedRecord> all_;
    std::vector<LoggedRecord> begun_;  // appended, and not known to be durable
};

}  // namespace millrace
