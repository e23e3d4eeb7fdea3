#include "cluster/coordination/embedded_store.hpp"

#include "core/storage/text_checkpoint.hpp"
#include "tests/support/on_ring.hpp"

#include <fstream>

namespace millrace {
namespace {

StoreContent example() {
    StoreContent content;
    content.generation = 3;
    content.cluster_id = "5Z8qTg3ZRZ-2mDXo3nDq3w";
    content.next_producer_id = 2000;
    content.brokers[""] = {{"log.retention.ms", "3600000"}};
    content.topics["orders"] = {*parse_uuid("pGvLJKOlRuGLYXKLVfHkzQ"),
                                12,
                                LeaderEpoch{4},
                                {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}};
    content.deleted[*parse_uuid("5mUsRkGmTJ-2Ch3ZFUT_Ew")] = "invoices";
    return content;
}

TEST(StoreFormat, IsTheExampleOfItsPage) {
    EXPECT_EQ(format_store(example()),
              "millrace-store 1\n"
              "generation 3\n"
              "cluster 5Z8qTg3ZRZ-2mDXo3nDq3w\n"
              "producer-ids 2000\n"
              "brokers 1\n"
              "broker * 1\n"
              "config log.retention.ms 3600000\n"
              "topics 1\n"
              "topic orders pGvLJKOlRuGLYXKLVfHkzQ 12 4 2\n"
              "config cleanup.policy delete\n"
              "config retention.ms -1\n"
              "deletions 1\n"
              "deleted invoices 5mUsRkGmTJ-2Ch3ZFUT_Ew\n"
              "crc32c 1b556c96\n");
}

TEST(StoreFormat, RoundTrips) {
    EXPECT_EQ(parse_store(format_store(example())).value(), example());
    EXPECT_EQ(parse_store(format_store({})).value(), StoreContent{});
}

TEST(StoreFormat, AValueMayHoldAnything) {
    StoreContent content = example();
    content.brokers["7"] = {{"a", ""}, {"b", "two\nlines\\n"}, {"c", " blanks in it "}};
    content.topics["orders"].overrides = {};
    EXPECT_EQ(parse_store(format_store(content)).value(), content);
}

TEST(StoreFormat, EveryChangedByteIsFound) {
    const std::string text = format_store(example());
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string damaged = text;
        damaged[at] ^= 1;
        EXPECT_FALSE(parse_store(damaged)) << "byte " << at;
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(parse_store(text.substr(0, size))) << "first " << size;
    }
}

class EmbeddedStoreTest : public OnRing {
protected:
    std::vector<std::string> two_folders() const {
        std::vector<std::string> folders{folder_ + "/a", folder_ + "/b"};
        for (const std::string& each : folders) std::filesystem::create_directory(each);
        return folders;
    }
};

TEST_F(EmbeddedStoreTest, WhatWasReplacedIsFoundAgain) {
    const auto scenario = [this]() -> Task<> {
        const std::vector<std::string> folders{folder_};
        EmbeddedStore store = co_await EmbeddedStore::open(*world_, folders);
        EXPECT_EQ(store.content(), StoreContent{});
        const StoreContent next = example();
        EXPECT_TRUE(co_await store.replace(next));
        const EmbeddedStore again = co_await EmbeddedStore::open(*world_, folders);
        EXPECT_EQ(again.content(), example());
    };
    run(scenario());
}

TEST_F(EmbeddedStoreTest, TheNewestCopyCountsWithTheHighestNumbersOfAny) {
    const auto scenario = [this]() -> Task<> {
        const std::vector<std::string> both = two_folders();
        EmbeddedStore store = co_await EmbeddedStore::open(*world_, both);
        StoreContent next = example();
        EXPECT_TRUE(co_await store.replace(next));
        // One is out of service while a topic is made, and raises its epochs alone later.
        store.drop(both[1]);
        next.generation += 1;
        next.topics["new"] = {{}, 1, LeaderEpoch{0}};
        EXPECT_TRUE(co_await store.replace(next));
        const std::vector<std::string> second{both[1]};
        EmbeddedStore alone = co_await EmbeddedStore::open(*world_, second);
        StoreContent older = alone.content();
        EXPECT_EQ(older, example());
        older.topics["orders"].leader_epoch = LeaderEpoch{9};
        older.next_producer_id = 5000;
        EXPECT_TRUE(co_await alone.replace(older));

        const EmbeddedStore again = co_await EmbeddedStore::open(*world_, both);
        next.topics["orders"].leader_epoch = LeaderEpoch{9};
        next.next_producer_id = 5000;
        EXPECT_EQ(again.content(), next);
        EXPECT_TRUE(again.lost().empty());
    };
    run(scenario());
}

TEST_F(EmbeddedStoreTest, ACopyThatCannotBeWrittenOrReadIsLost) {
    const auto scenario = [this]() -> Task<> {
        const std::vector<std::string> both = two_folders();
        EmbeddedStore store = co_await EmbeddedStore::open(*world_, both);
        std::filesystem::remove_all(both[0]);
        const StoreContent next = example();
        EXPECT_TRUE(co_await store.replace(next));
        EXPECT_EQ(store.lost().count(both[0]), 1u);
        EXPECT_EQ(store.folders(), (std::vector<std::string>{both[1]}));
        store.drop(both[0]);
        EXPECT_TRUE(store.lost().empty());

        std::ofstream(both[1] + "/millrace.store") << "nonsense";
        const EmbeddedStore again = co_await EmbeddedStore::open(*world_, both);
        EXPECT_EQ(again.lost().count(both[1]), 1u);
        EXPECT_EQ(again.content(), StoreContent{});
    };
    run(scenario());
}

}  // namespace
}  // namespace millrace
