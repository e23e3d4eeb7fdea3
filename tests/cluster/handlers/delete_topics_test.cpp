// Topics that are deleted: gone at once, for good, and over every kind of start.
#include "cluster/coordination/embedded_store.hpp"
#include "core/runtime/timer.hpp"
#include "tests/cluster/handlers/topic_requests_test.hpp"

#include <filesystem>

namespace millrace {
namespace {

class DeleteTopics : public TopicRequests {
protected:
    DeleteTopics() { config_.topic.file_delete_delay_ms = 20; }

    /// The folders of partitions, deleted ones with `deleted`.
    std::size_t count_folders(bool deleted) const {
        std::size_t count = 0;
        for (const auto& each : std::filesystem::directory_iterator(config_.log_dirs[0])) {
            const std::string name = each.path().filename().string();
            if (!each.is_directory() || name.starts_with("MILLRACE")) continue;
            if (name.ends_with("-delete") == deleted) ++count;
        }
        return count;
    }

    Task<> wait_for_removal() {
        for (int i = 0; i < 500 && count_folders(true) > 0; ++i) {
            co_await sleep_for(*world_, std::chrono::milliseconds(20));
        }
        EXPECT_EQ(count_folders(true), 0u);
    }

    static Task<> make_with_record(Client& client, std::size_t value_bytes) {
        const CreateTopicsRequest request = create_request("t", 2);
        EXPECT_EQ((co_await create(client, request)).error_code, 0);
        const Bytes batch = make_batch({.value_bytes = value_bytes});
        const auto answer = co_await produce(client, "t", 0, batch);
        EXPECT_EQ(answer.error_code, 0);
        EXPECT_EQ(answer.base_offset, 0);
    }

    static Task<std::size_t> record_bytes(Client& client) {
        const FetchRequest request = fetch_from("t", 0, 0);
        const auto found = co_await fetch(client, request);
        EXPECT_EQ(found.error_code, 0);
        co_return found.records ? found.records->size() : 0;
    }
};

TEST_P(DeleteTopics, ATopicIsGoneAtOnceAndItsFoldersSoon) {
    with_broker([this](Client& client) -> Task<> {
        co_await make_with_record(client, 1);
        EXPECT_EQ(co_await remove(client, "t"), 0);
        const auto found = co_await look(client, "t");
        EXPECT_EQ(found.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        EXPECT_EQ(count_folders(false), 0u);
        co_await wait_for_removal();
        EXPECT_EQ(co_await remove(client, "t"), raw(ErrorCode::kUnknownTopicOrPartition));
    });
}

TEST_P(DeleteTopics, AnIdIsAsGoodAsAName) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        DeleteTopicsRequest request;
        request.timeout_ms = 60'000;
        request.topics.push_back({std::nullopt, topic.topic_id});
        const auto gone = co_await client.ask<DeleteTopicsResponse>(request, 6);
        EXPECT_EQ(gone->responses.at(0).error_code, 0);
        EXPECT_EQ(gone->responses.at(0).name, "t");
        const auto again = co_await client.ask<DeleteTopicsResponse>(request, 6);
        EXPECT_EQ(again->responses.at(0).error_code, raw(ErrorCode::kUnknownTopicId));
        request.topics[0].name = "t";
        const auto both = co_await client.ask<DeleteTopicsResponse>(request, 6);
        EXPECT_EQ(both->responses.at(0).error_code, raw(ErrorCode::kInvalidRequest));
    });
}

TEST_P(DeleteTopics, Trap31_WhereItIsSwitchedOffTheCodeDependsOnTheVersion) {
    config_.delete_topics = false;
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        EXPECT_EQ(co_await remove(client, "t"), raw(ErrorCode::kTopicDeletionDisabled));
        const DeleteTopicsRequest request = delete_request("t");
        const auto old = co_await client.ask<DeleteTopicsResponse>(request, 2);
        EXPECT_EQ(old->responses.at(0).error_code, raw(ErrorCode::kInvalidRequest));
        EXPECT_EQ((co_await look(client, "t")).error_code, 0);
    });
}

TEST_P(DeleteTopics, AReaderThatWaitsIsToldAtOnce) {
    with_broker([this](Client& client) -> Task<> {
        co_await make_with_record(client, 1);
        const auto waiting = co_await connect();
        const FetchRequest request = fetch_from("t", 1, 60'000);
        co_await waiting->send(request, 11);
        co_await sleep_for(*world_, std::chrono::milliseconds(50));
        EXPECT_EQ(co_await remove(client, "t"), 0);
        const auto answer = co_await waiting->receive<FetchResponse>(11);
        EXPECT_EQ(answer->topics.at(0).partitions.at(0).error_code,
                  raw(ErrorCode::kUnknownTopicOrPartition));
        co_await waiting->close();
        co_await wait_for_removal();
    });
}

TEST_P(DeleteTopics, ANewTopicOfTheSameNameIsAnotherOne) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> {
            co_await make_with_record(client, 100);
            EXPECT_EQ(co_await remove(client, "t"), 0);
            co_await make_with_record(client, 1);
        });
        co_await live([this](Client& client) -> Task<> {
            EXPECT_EQ(co_await record_bytes(client), make_batch().size());
            co_await wait_for_removal();
        });
    };
    run(scenario());
}

TEST_P(DeleteTopics, AReplayTakesNothingOfATopicThatIsGone) {
    const auto scenario = [this]() -> Task<> {
        const std::string image = folder_ + "/image";
        co_await live([this, &image](Client& client) -> Task<> {
            co_await make_with_record(client, 100);
            EXPECT_EQ(co_await remove(client, "t"), 0);
            // Or the copy would meet files that go.
            co_await wait_for_removal();
            co_await make_with_record(client, 1);
            // As a crash leaves it: everything acknowledged is in the journal.
            std::filesystem::copy(config_.log_dirs[0], image,
                                  std::filesystem::copy_options::recursive);
        });
        config_.log_dirs = {image};
        co_await live([](Client& client) -> Task<> {
            EXPECT_EQ(co_await record_bytes(client), make_batch().size());
        });
    };
    run(scenario());
}

TEST_P(DeleteTopics, AStartGoesOnWithADeletionThatACrashHasCutShort) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> { co_await make_with_record(client, 100); });
        const std::vector<std::string> folders = config_.log_dirs;
        EmbeddedStore store = co_await EmbeddedStore::open(*world_, folders);
        StoreContent next = store.content();
        next.deleted.emplace(next.topics.at("t").id, "t");
        next.topics.erase("t");
        EXPECT_TRUE(co_await store.replace(next));
        co_await live([this](Client& client) -> Task<> {
            EXPECT_EQ(count_folders(false), 0u);
            const CreateTopicsRequest request = create_request("t", 1);
            EXPECT_EQ((co_await create(client, request)).error_code, 0);
            EXPECT_EQ(co_await record_bytes(client), 0u);
            co_await wait_for_removal();
        });
        // With the change after it, the store forgets the deletion.
        store = co_await EmbeddedStore::open(*world_, folders);
        EXPECT_TRUE(store.content().deleted.empty());
    };
    run(scenario());
}

INSTANTIATE_TEST_SUITE_P(Shards, DeleteTopics, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
