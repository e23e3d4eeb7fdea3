#include "cluster/coordination/embedded_store.hpp"

#include "core/storage/text_checkpoint.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {
namespace {

StoreContent example() {
    StoreContent content;
    content.cluster_id = "5Z8qTg3ZRZ-2mDXo3nDq3w";
    content.topics["orders"] = {*parse_uuid("pGvLJKOlRuGLYXKLVfHkzQ"), 12, LeaderEpoch{4}};
    return content;
}

TEST(StoreFormat, IsTheExampleOfItsPage) {
    EXPECT_EQ(format_store(example()),
              "millrace-store 1\n"
              "cluster 5Z8qTg3ZRZ-2mDXo3nDq3w\n"
              "topics 1\n"
              "topic orders pGvLJKOlRuGLYXKLVfHkzQ 12 4\n"
              "crc32c b81acc4d\n");
}

TEST(StoreFormat, RoundTrips) {
    EXPECT_EQ(parse_store(format_store(example())).value(), example());
    EXPECT_EQ(parse_store(format_store({})).value(), StoreContent{});
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

class EmbeddedStoreTest : public OnRing {};

TEST_F(EmbeddedStoreTest, WhatWasReplacedIsFoundAgain) {
    const auto scenario = [this]() -> Task<> {
        auto store = co_await EmbeddedStore::open(*world_, folder_);
        EXPECT_EQ(store->content(), StoreContent{});
        const StoreContent next = example();
        EXPECT_TRUE(co_await store->replace(next));
        const auto again = co_await EmbeddedStore::open(*world_, folder_);
        EXPECT_EQ(again->content(), example());
    };
    run(scenario());
}

}  // namespace
}  // namespace millrace
