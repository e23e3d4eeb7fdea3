// A log that nobody writes to comes to rest: a broker on virtual time, one batch, and minutes of
// nothing.
#include "cluster/brokerd/broker.hpp"
#include "protocol/message/metadata.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/sim_world.hpp"
#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace millrace::sim {
namespace {

constexpr std::uint16_t kPort = 9092;
constexpr Duration kIdle = std::chrono::seconds(30);
constexpr Duration kCheckpointInterval = std::chrono::seconds(60);
// For what a checkpoint itself takes.
constexpr Duration kWork = std::chrono::seconds(2);

class Silence final : public LogSink {
public:
    void write(std::string_view) override {}
};

/// The parameter: how long after the start the batch comes.
class IdleLogTest : public testing::TestWithParam<int> {
protected:
    IdleLogTest() : logger_(process_, silence_, LogFormat::kText) {}
    ~IdleLogTest() override { simulation_.kill(process_); }

    void start() {
        spawn(process_, start_broker());
        ASSERT_TRUE(simulation_.run_until([this] { return log_ != nullptr; }));
    }

    void append() {
        bool durable = false;
        spawn(process_, append_batch(durable));
        ASSERT_TRUE(simulation_.run_until([&durable] { return durable; }));
    }

    void let_pass(Duration duration) {
        bool passed = false;
        simulation_.after(duration, [&passed] { passed = true; });
        ASSERT_TRUE(simulation_.run_until([&passed] { return passed; }));
    }

    std::uint64_t size_of_file() {
        std::optional<std::uint64_t> size;
        spawn(process_, measure(size));
        EXPECT_TRUE(simulation_.run_until([&size] { return size.has_value(); }));
        return *size;
    }

    std::uint64_t frames() { return process_.metrics().journal_frames.value; }

    Simulation simulation_{1};
    SimProcess& process_ = simulation_.start_process();
    PartitionLog* log_{};
    const Bytes batch_ = make_batch({.records = 3});

private:
    Task<> start_broker() {
        BrokerConfig config = read_config({{"listeners", "PLAINTEXT://127.0.0.1:9092"},
                                           {"log.dirs", "/data"},
                                           {"num.partitions", "50"},
                                           {"cache.bytes", "1048576"},
                                           {"journal.bytes", "16777216"}})
                                  .config;
        // The batches are of long ago.
        config.topic.retention_ms = -1;
        const auto broker = co_await Broker::start(process_, logger_, config);
        Client client(process_, kPort);
        MetadataRequest request;
        request.topics.emplace().emplace_back().name = "t";
        (void)co_await client.ask<MetadataResponse>(request, 9);
        co_await client.drop();
        log_ = (*broker)->topics().image().find_log("t", 7)->log;
        // It goes with its process.
        WaitList for_ever(process_);
        (void)co_await for_ever.wait(0, kNever);
    }

    Task<> append_batch(bool& durable) {
        Bytes batch = batch_;
        const auto appended = log_->append(batch, LeaderEpoch{0});
        EXPECT_TRUE(appended);
        durable = bool(co_await log_->wait_durable(log_->log_end_offset(), kNever));
    }

    Task<> measure(std::optional<std::uint64_t>& size) {
        const std::string path = log_->folder() + "/" + segment_file_name(Offset{0}, ".log");
        auto file = co_await File::open(process_, path, OpenMode::kRead);
        const auto found = co_await file->size();
        (void)co_await file->close();
        size = *found;
    }

    Silence silence_;
    Logger logger_;
};

TEST_P(IdleLogTest, IsFilledTrimmedAndOffTheListOneCheckpointIntervalAfterItsIdleTime) {
    start();
    let_pass(std::chrono::seconds(GetParam()));
    append();
    EXPECT_TRUE(log_->is_active());
    let_pass(kIdle - kWork);
    EXPECT_TRUE(log_->is_active());
    let_pass(kWork + kCheckpointInterval + kWork);
    EXPECT_FALSE(log_->is_active());
    EXPECT_TRUE(log_->is_settled());
    EXPECT_EQ(size_of_file(), batch_.size());
}

TEST_P(IdleLogTest, ThenNothingIsWrittenForItAnyMore) {
    start();
    let_pass(std::chrono::seconds(GetParam()));
    append();
    let_pass(kIdle + kCheckpointInterval + kWork);
    const std::uint64_t before = frames();
    const std::uint64_t steps = simulation_.steps();
    let_pass(10 * kCheckpointInterval);
    EXPECT_EQ(frames(), before);
    // What is left is the minute's checkpoint files.
    EXPECT_LT(simulation_.steps() - steps, 10u * 100u);
}

TEST_P(IdleLogTest, AnotherBatchPutsItOnTheListAgain) {
    start();
    let_pass(std::chrono::seconds(GetParam()));
    append();
    let_pass(kIdle + kCheckpointInterval + kWork);
    append();
    EXPECT_TRUE(log_->is_active());
    let_pass(kIdle + kCheckpointInterval + kWork);
    EXPECT_FALSE(log_->is_active());
    EXPECT_EQ(size_of_file(), 2 * batch_.size());
}

INSTANTIATE_TEST_SUITE_P(Seconds, IdleLogTest, testing::Values(0, 10, 29, 40, 59));

}  // namespace
}  // namespace millrace::sim
