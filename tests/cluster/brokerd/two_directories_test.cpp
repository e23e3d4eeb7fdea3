// A broker with two log directories of which one can't be used: what the other holds is served.
#include "protocol/error_code.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

#include <fstream>

namespace millrace {
namespace {

/// A broker with two log directories, either of which can be hidden behind a plain file.
class TwoDirectoriesTest : public BrokerTest {
protected:
    static constexpr std::int32_t kPartitions = 4;

    BrokerConfig two_directories() const {
        BrokerConfig config = make_config();
        config.log_dirs = {folder_ + "/a", folder_ + "/b"};
        config.num_partitions = kPartitions;
        return config;
    }

    /// A life of the broker around `scenario(client)`.
    template <class Scenario>
    Task<> live(Scenario scenario) {
        const BrokerConfig config = two_directories();
        auto broker = co_await Broker::start(*world_, logger_, config);
        EXPECT_TRUE(broker);
        auto stream = co_await Stream::connect(*world_, "127.0.0.1", (*broker)->port());
        Client client(*world_, std::move(*stream));
        co_await scenario(client);
        co_await client.close();
        EXPECT_TRUE(co_await (*broker)->stop());
    }

    void hide(const std::string& name) const {
        std::filesystem::rename(folder_ + "/" + name, folder_ + "/hidden");
        std::ofstream(folder_ + "/" + name) << "no folder";
    }
    void show(const std::string& name) const {
        std::filesystem::remove(folder_ + "/" + name);
        std::filesystem::rename(folder_ + "/hidden", folder_ + "/" + name);
    }
    bool holds(const std::string& name, std::int32_t partition) const {
        return std::filesystem::exists(folder_ + "/" + name + "/t-" + std::to_string(partition));
    }

    static Task<> produce_everywhere(Client& client) {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch();
        for (std::int32_t index = 0; index < kPartitions; ++index) {
            const ProduceRequest produce = produce_to("t", index, batch, -1);
            const auto response = co_await client.ask<ProduceResponse>(produce, 9);
            EXPECT_EQ(response->topics[0].partitions[0].error_code, 0);
        }
    }

    static Task<std::int16_t> list_offset(Client& client, std::int32_t index, std::int64_t& end) {
        ListOffsetsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        topic.partitions.emplace_back().index = index;
        topic.partitions.back().timestamp = -1;
        const auto response = co_await client.ask<ListOffsetsResponse>(request, 5);
        end = response->topics[0].partitions[0].offset;
        co_return response->topics[0].partitions[0].error_code;
    }

    /// Partitions with a folder in `name` are served, the others answer that their storage failed.
    Task<> expect_served_from(std::string name, Client& client) {
        const std::int16_t storage_error = raw(ErrorCode::kKafkaStorageError);
        const MetadataRequest metadata = metadata_of("t");
        const auto known = co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch();
        for (std::int32_t index = 0; index < kPartitions; ++index) {
            const bool is_here = holds(name, index);
            const ProduceRequest produce = produce_to("t", index, batch, -1);
            const auto produced = co_await client.ask<ProduceResponse>(produce, 9);
            EXPECT_EQ(produced->topics[0].partitions[0].error_code, is_here ? 0 : storage_error);
            FetchRequest fetch = fetch_from("t", 0, 0);
            fetch.topics[0].partitions[0].index = index;
            const auto fetched = co_await client.ask<FetchResponse>(fetch, 12);
            EXPECT_EQ(fetched->topics[0].partitions[0].error_code, is_here ? 0 : storage_error);
            std::int64_t end = 0;
            const std::int16_t listed = co_await list_offset(client, index, end);
            EXPECT_EQ(listed, is_here ? 0 : storage_error);
            const auto& told = known->topics[0].partitions[static_cast<std::size_t>(index)];
            EXPECT_EQ(told.error_code, is_here ? 0 : raw(ErrorCode::kLeaderNotAvailable));
            EXPECT_EQ(told.leader_id, is_here ? 0 : -1);
            EXPECT_EQ(told.offline_replicas.size(), is_here ? 0u : 1u);
        }
        // It may be in the directory that nobody can look into.
        const MetadataRequest unknown = metadata_of("unknown");
        const auto refused = co_await client.ask<MetadataResponse>(unknown, 9);
        EXPECT_EQ(refused->topics[0].error_code, storage_error);
    }
};

TEST_P(TwoDirectoriesTest, OneThatCannotBeUsedCostsItsOwnPartitionsOnly) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) { return produce_everywhere(client); });
        std::int64_t expected = kPartitions;
        for (const std::string hidden : {"a", "b"}) {
            const std::string other = hidden == "a" ? "b" : "a";
            int here = 0;
            for (std::int32_t i = 0; i < kPartitions; ++i) here += holds(other, i) ? 1 : 0;
            EXPECT_EQ(here, kPartitions / 2) << "the emptier one takes the next";
            hide(hidden);
            co_await live([&](Client& client) { return expect_served_from(other, client); });
            show(hidden);
            expected += here;
            for (std::int32_t i = 0; i < kPartitions; ++i) EXPECT_NE(holds("a", i), holds("b", i));
        }
        co_await live([&expected](Client& client) -> Task<> {
            for (std::int32_t index = 0; index < kPartitions; ++index) {
                std::int64_t end = 0;
                EXPECT_EQ(co_await list_offset(client, index, end), 0);
                expected -= end;
            }
        });
        EXPECT_EQ(expected, 0);
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("starting without a log directory"));
}

TEST_P(TwoDirectoriesTest, NoneThatCanBeUsedIsNoStart) {
    const auto scenario = [this]() -> Task<> {
        const BrokerConfig config = two_directories();
        for (const char* const name : {"/a", "/b"}) std::ofstream(folder_ + name) << "no folder";
        const auto refused = co_await Broker::start(*world_, logger_, config);
        EXPECT_EQ(refused.error(), system_error(ENOTDIR));
    };
    run(scenario());
}

TEST_P(TwoDirectoriesTest, RecoveringOneMakesNothingThatIsInTheOther) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) { return produce_everywhere(client); });
        for (const char* const name : {"a", "b"}) {
            BrokerConfig config = two_directories();
            config.log_dirs = {folder_ + "/" + name};
            Topics::Options options = topic_options(config);
            options.broker_id = DirectoryIdentity::kAnyBroker;
            const auto topics = co_await Topics::open(*world_, logger_, options);
            EXPECT_TRUE(topics);
            EXPECT_TRUE(co_await (*topics)->close());
        }
        for (std::int32_t i = 0; i < kPartitions; ++i) EXPECT_NE(holds("a", i), holds("b", i));
    };
    run(scenario());
}

INSTANTIATE_TEST_SUITE_P(Shards, TwoDirectoriesTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
