// Two log directories on one disk: what one has given up of it, when it was full, the other one
// leaves alone.
#include "cluster/replication/topics.hpp"
#include "tests/sim/on_sim_disk.hpp"

namespace millrace {
namespace {

class SharedDiskTest : public OnSimDisk {
protected:
    /// Directories with two partitions and one.
    Task<> open_topics() {
        Topics::Options options;
        options.log_dirs = {"/data", "/more"};
        options.broker_id = 1;
        options.log = config();
        auto opened = co_await Topics::open(*world_, *logger_, options);
        EXPECT_TRUE(opened);
        topics_ = std::move(*opened);
        EXPECT_EQ(co_await create("t", 3), TopicCreation::kCreated);
        use(0);
    }

    /// The partition that append() writes to: 1 is the other directory's.
    void use(std::size_t partition) {
        log_ = topics_->image().topics.at("t")->partitions[partition].log;
    }

    Task<TopicCreation> create(std::string name, std::int32_t partitions) {
        std::vector<NewTopic> wanted;
        wanted.push_back({std::move(name), partitions});
        const auto outcomes = co_await topics_->create(std::move(wanted));
        co_return outcomes.front();
    }

    Task<> fill() {
        disk().capacity = disk().used() + 100'000;
        for (Result<void> taken; taken;) taken = co_await append();
        EXPECT_TRUE(lines_.contain("a log directory is full"));
    }

    std::unique_ptr<Topics> topics_;
};

TEST_F(SharedDiskTest, NoPartitionIsMadeOfTheRoomThatAFullDirectoryHasGivenUp) {
    const auto life = [this]() -> Task<> {
        co_await open_topics();
        co_await fill();
        EXPECT_EQ(co_await create("u", 1), TopicCreation::kFailed);
        EXPECT_TRUE(disk().files("/more/u-0").empty());
        disk().capacity = sim::SimDisk::kCapacity;
        co_await sleep_for(*world_, std::chrono::milliseconds(1'100));
        EXPECT_EQ(co_await create("u", 1), TopicCreation::kCreated);
        EXPECT_FALSE(disk().files("/more/u-0").empty());
        EXPECT_TRUE(co_await topics_->close());
        topics_.reset();
    };
    live(life());
}

TEST_F(SharedDiskTest, WhatSharesADiskIsFullTogetherAndGoesOnTogether) {
    const auto life = [this]() -> Task<> {
        co_await open_topics();
        co_await fill();
        for (const char* folder : {"/data", "/more"}) {
            EXPECT_TRUE(
                lines_.contain("room; free space on its disk log_dir=" + std::string(folder)));
        }
        use(1);
        EXPECT_FALSE(co_await append());
        // Enough for one of them.
        disk().capacity = disk().used() + 600'000;
        co_await sleep_for(*world_, std::chrono::seconds(2));
        EXPECT_FALSE(co_await append());
        disk().capacity = sim::SimDisk::kCapacity;
        co_await sleep_for(*world_, std::chrono::milliseconds(1'100));
        EXPECT_TRUE(co_await append());
        use(0);
        EXPECT_TRUE(co_await append());
        EXPECT_TRUE(co_await topics_->close());
        topics_.reset();
    };
    live(life());
}

}  // namespace
}  // namespace millrace
