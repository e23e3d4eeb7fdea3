// Partitions in whose making the process died: what a later life writes to one of them is there,
// whatever had become durable of its names by then.
#include "tests/sim/on_sim_disk.hpp"

namespace millrace {
namespace {

constexpr int kMoments = 60;

class HalfMadeTest : public OnSimDisk {
protected:
    static TopicPartition name(int moment) { return {"t", PartitionIndex{moment}}; }

    Task<> make(int moment) { (void)co_await directory_->create(name(moment), {}); }

    /// A record in each of the partitions that are there, and a checkpoint of it.
    Task<> append_to_all() {
        for (const auto& [name, entry] : directory_->logs()) {
            Bytes batch = make_batch({.base_timestamp = 1});
            EXPECT_TRUE(entry.place.log->append(batch, LeaderEpoch{0}));
            const Offset end = entry.place.log->log_end_offset();
            EXPECT_TRUE(co_await entry.place.log->wait_durable(end, kNever));
            ends_[name] = end;
        }
        EXPECT_TRUE(co_await directory_->checkpoint());
    }

    std::map<TopicPartition, Offset> ends_;
};

TEST_F(HalfMadeTest, WhatIsWrittenToOneLaterSurvivesALossOfPower) {
    for (int moment = 0; moment < kMoments; ++moment) {
        const auto dies = [this, moment]() -> Task<> {
            EXPECT_TRUE(co_await open());
            spawn(*world_, make(moment));
            co_await sleep_for(*world_, std::chrono::microseconds(150 * moment));
        };
        live(dies());
    }
    const auto writes = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await append_to_all();
    };
    live(writes());
    EXPECT_GT(ends_.size(), 1u);
    EXPECT_LT(ends_.size(), static_cast<std::size_t>(kMoments));
    disk().lose_power();
    const auto finds = [this]() -> Task<> {
        const bool opened = co_await open();
        EXPECT_TRUE(opened);
        if (!opened) co_return;
        for (const auto& [name, end] : ends_) {
            const auto* const entry = directory_->find(name);
            EXPECT_TRUE(entry != nullptr && entry->place.log->log_end_offset() == end)
                << name.folder();
        }
        EXPECT_TRUE(co_await directory_->close());
    };
    live(finds());
}

}  // namespace
}  // namespace millrace
