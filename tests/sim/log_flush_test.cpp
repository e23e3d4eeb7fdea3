// flush.messages and flush.ms, for a broker that acknowledges what is written and no more: after so
// many messages, or so long, it is on stable storage.
#include "tests/sim/on_sim_disk.hpp"

namespace millrace {
namespace {

class LogFlushTest : public OnSimDisk {
protected:
    /// A broker's life that writes `batches` of one record, and ends with the power.
    void write_and_lose_power(TopicConfig topic, int batches, Duration rest = {}) {
        const auto story = [this, topic, batches, rest]() -> Task<> {
            co_await create();
            log_->set_config(topic);
            for (int i = 0; i < batches; ++i) EXPECT_TRUE(co_await append());
            if (rest > Duration::zero()) co_await sleep_for(*world_, rest);
            flushed_ = log_->flushed_end().value;
        };
        live(story());
        disk().lose_power();
    }

    std::int64_t records_left() {
        std::int64_t end = -1;
        const auto story = [this, &end]() -> Task<> {
            EXPECT_TRUE(co_await open());
            if (log_ != nullptr) end = log_->log_end_offset().value;
        };
        live(story());
        return end;
    }

    static TopicConfig topic() {
        TopicConfig topic;
        topic.retention_ms = -1;
        return topic;
    }

    std::int64_t flushed_{};
};

TEST_F(LogFlushTest, EveryMessageWhenOneIsTheNumber) {
    config_.durability = Durability::kOs;
    TopicConfig each = topic();
    each.flush_messages = 1;
    write_and_lose_power(each, 5);
    EXPECT_EQ(flushed_, 5);
    EXPECT_EQ(records_left(), 5);
}

TEST_F(LogFlushTest, TheOneThatMakesTheNumberBringsAllBeforeIt) {
    config_.durability = Durability::kOs;
    TopicConfig three = topic();
    three.flush_messages = 3;
    write_and_lose_power(three, 8);
    EXPECT_EQ(flushed_, 6);
    EXPECT_GE(records_left(), 6);
}

TEST_F(LogFlushTest, NothingIsAskedForWithDurabilityFlush) {
    TopicConfig each = topic();
    each.flush_messages = 1;
    write_and_lose_power(each, 5);
    EXPECT_EQ(flushed_, 0);
    EXPECT_EQ(records_left(), 5);
}

TEST_F(LogFlushTest, AfterItsTimeAtTheNextLook) {
    config_.durability = Durability::kOs;
    config_.flush_check_interval = std::chrono::seconds(1);
    TopicConfig timed = topic();
    timed.flush_ms = 1'500;
    write_and_lose_power(timed, 4, std::chrono::milliseconds(3'500));
    EXPECT_EQ(flushed_, 4);
    EXPECT_EQ(records_left(), 4);
}

TEST_F(LogFlushTest, NotBeforeItsTime) {
    config_.durability = Durability::kOs;
    config_.flush_check_interval = std::chrono::seconds(1);
    TopicConfig timed = topic();
    timed.flush_ms = 10'000;
    write_and_lose_power(timed, 4, std::chrono::milliseconds(3'500));
    EXPECT_EQ(flushed_, 0);
}

}  // namespace
}  // namespace millrace
