// Traps 95 to 110: storage and cluster.
#include "tests/cluster/traps/trap_test.hpp"

#include <filesystem>
#include <fstream>

namespace millrace {
namespace {

class StorageTraps : public TrapTest {
protected:
    StorageTraps() {
        config_.log_dirs = {folder_ + "/b", folder_ + "/a"};
        config_.num_partitions = 4;
    }

    static DescribeLogDirsRequest all() {
        DescribeLogDirsRequest request;
        request.topics.reset();
        return request;
    }

    static std::map<std::string, std::int64_t> sizes(
        const DescribeLogDirsResponse::Result& result) {
        std::map<std::string, std::int64_t> found;
        for (const auto& topic : result.topics) {
            for (const auto& each : topic.partitions) {
                EXPECT_EQ(each.offset_lag, 0);
                EXPECT_FALSE(each.is_future_key);
                found[topic.name + "-" + std::to_string(each.partition_index)] =
                    each.partition_size;
            }
        }
        return found;
    }
};

TEST_P(StorageTraps, Trap108_DirectoriesAreNamedAsInLogDirsWithWhatIsInThem) {
    with_broker([this](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.value_bytes = 1000});
        for (std::int32_t i = 0; i < 4; ++i) (void)co_await produce(client, "t", i, batch);
        const auto size = static_cast<std::int64_t>(batch.size());
        for (std::int16_t version = 0; version <= 4; ++version) {
            const DescribeLogDirsRequest request = all();
            const auto response = co_await client.ask<DescribeLogDirsResponse>(request, version);
            EXPECT_EQ(response->error_code, 0);
            EXPECT_EQ(response->results.size(), 2u);
            std::size_t count = 0;
            for (std::size_t i = 0; i < 2; ++i) {
                const auto& result = response->results[i];
                EXPECT_EQ(result.error_code, 0);
                EXPECT_EQ(result.log_dir, config_.log_dirs[i]);
                for (const auto& [name, bytes] : sizes(result)) {
                    EXPECT_TRUE(std::filesystem::exists(result.log_dir + "/" + name));
                    EXPECT_EQ(bytes, size);
                    ++count;
                }
                if (version < 4) continue;
                EXPECT_GT(result.usable_bytes, 0);
                EXPECT_LE(result.usable_bytes, result.total_bytes);
            }
            EXPECT_EQ(count, 4u);
        }
    });
}

TEST_P(StorageTraps, Trap108_EveryDirectoryIsListedWhateverIsAskedFor) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        DescribeLogDirsRequest request;
        const auto nothing = co_await client.ask<DescribeLogDirsResponse>(request, 4);
        EXPECT_EQ(nothing->results.size(), 2u);
        for (const auto& each : nothing->results) EXPECT_TRUE(each.topics.empty());
        request.topics->push_back({"t", {2, 7, 2}});
        request.topics->push_back({"nowhere", {0}});
        const auto one = co_await client.ask<DescribeLogDirsResponse>(request, 4);
        std::map<std::string, std::int64_t> found;
        for (const auto& each : one->results) found.merge(sizes(each));
        EXPECT_EQ(found, (std::map<std::string, std::int64_t>{{"t-2", 0}}));
    });
}

TEST_P(StorageTraps, Trap108_ADirectoryThatDoesNotServeIsListedWithItsError) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> { (void)co_await make_topic(client, "t"); });
        std::filesystem::rename(folder_ + "/b", folder_ + "/hidden");
        std::ofstream(folder_ + "/b") << "no folder";
        co_await live([this](Client& client) -> Task<> {
            const DescribeLogDirsRequest request = all();
            const auto response = co_await client.ask<DescribeLogDirsResponse>(request, 4);
            EXPECT_EQ(response->results.size(), 2u);
            EXPECT_EQ(response->results[0].log_dir, config_.log_dirs[0]);
            EXPECT_EQ(response->results[0].error_code, raw(ErrorCode::kKafkaStorageError));
            EXPECT_TRUE(response->results[0].topics.empty());
            EXPECT_EQ(response->results[0].total_bytes, -1);
            EXPECT_EQ(response->results[1].error_code, 0);
            EXPECT_FALSE(response->results[1].topics.empty());
        });
    };
    run(scenario());
}

TEST_P(StorageTraps, Trap96_AStrayFileIsIgnoredAndAStrayFolderStopsTheStart) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> { (void)co_await make_topic(client, "t"); });
        std::ofstream(folder_ + "/a/stray") << "a file";
        co_await live([](Client& client) -> Task<> { (void)co_await make_topic(client, "t"); });
        config_.log_dirs = {folder_ + "/a"};
        std::filesystem::create_directory(folder_ + "/a/nopartition");
        const BrokerConfig config = config_;
        const auto refused = co_await Broker::start(*world_, logger_, config);
        EXPECT_FALSE(refused);
        if (!refused) EXPECT_EQ(refused.error(), make_error_code(Errc::kWrongDirectory));
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("nopartition"));
}

TEST_P(StorageTraps, Trap97_TheMarkOfACleanStopIsThereBetweenLivesOnly) {
    const std::string mark = folder_ + "/a/.kafka_cleanshutdown";
    const auto scenario = [this, &mark]() -> Task<> {
        for (int life = 0; life < 2; ++life) {
            co_await live([&mark](Client&) -> Task<> {
                EXPECT_FALSE(std::filesystem::exists(mark));
                co_return;
            });
            EXPECT_TRUE(std::filesystem::exists(mark));
        }
    };
    run(scenario());
}

TEST_P(StorageTraps, Trap101_TheHighWatermarkIsInItsCheckpointAfterAStop) {
    const auto scenario = [this]() -> Task<> {
        config_.log_dirs = {folder_ + "/a"};
        co_await live([](Client& client) -> Task<> {
            (void)co_await make_topic(client, "t");
            const Bytes batch = make_batch({.records = 3});
            (void)co_await produce(client, "t", 2, batch);
        });
        std::ifstream file(folder_ + "/a/replication-offset-checkpoint");
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        EXPECT_NE(text.find("t 2 3\n"), std::string::npos) << text;
    };
    run(scenario());
}

INSTANTIATE_TEST_SUITE_P(Shards, StorageTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
