#include "protocol/api.hpp"

#include "protocol/message/api_versions.hpp"
#include "protocol/message/delete_records.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/find_coordinator.hpp"
#include "protocol/message/list_offsets.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

TEST(ApiTable, HasThe62ApisOfAZooKeeperBrokerInRisingOrder) {
    EXPECT_EQ(all_apis().size(), 62u);
    EXPECT_TRUE(std::ranges::is_sorted(all_apis(), std::ranges::less{}, &Api::key));
    for (const Api& api : all_apis()) {
        EXPECT_EQ(find_api(api.key), &api);
        EXPECT_LE(api.known.min, api.known.max) << api.name;
    }
}

TEST(ApiTable, KnowsNoKRaftApi) {
    for (const std::int16_t key : {-1, 52, 55, 59, 62, 64, 70, 75, 87, 88, 32767})
        EXPECT_EQ(find_api(key), nullptr) << key;
}

TEST(ApiTable, FindsByKey) {
    const Api* api = find_api(std::int16_t{23});
    ASSERT_TRUE(api);
    EXPECT_EQ(api->name, "OffsetForLeaderEpoch");
    EXPECT_EQ(api->known, (VersionRange{0, 4}));
    EXPECT_FALSE(find_api(ApiKey::kSaslHandshake)->is_flexible(1));
}

TEST(ApiTable, ServesOnlyWhatItKnows) {
    for (const Api& api : all_apis()) {
        if (!api.is_served()) continue;
        EXPECT_TRUE(api.known.contains(api.served.min)) << api.name;
        EXPECT_TRUE(api.known.contains(api.served.max)) << api.name;
    }
}

TEST(ApiTable, AdvertisesProduceFromZeroForOldLibrdkafka) {
    EXPECT_EQ(find_api(ApiKey::kProduce)->served.min, 0);
}

template <class Message>
void expect_table_agrees() {
    const Api* api = find_api(Message::kApiKey);
    ASSERT_TRUE(api);
    EXPECT_EQ(api->known, Message::kVersions) << api->name;
    EXPECT_EQ(api->flexible_from, Message::kFlexibleFrom) << api->name;
    EXPECT_TRUE(api->is_served()) << api->name;
}

TEST(ApiTable, AgreesWithTheSchemas) {
    expect_table_agrees<ProduceRequest>();
    expect_table_agrees<FetchRequest>();
    expect_table_agrees<ListOffsetsRequest>();
    expect_table_agrees<MetadataRequest>();
    expect_table_agrees<FindCoordinatorRequest>();
    expect_table_agrees<ApiVersionsRequest>();
    expect_table_agrees<DeleteRecordsRequest>();
}

}  // namespace
}  // namespace millrace
