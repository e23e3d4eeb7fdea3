// What a session remembers, and which sessions a shard keeps.
#include "cluster/handlers/fetch_session.hpp"

#include "tests/core/runtime/fake_world.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

FetchRequest wants(const std::string& topic, const std::vector<std::int32_t>& indexes,
                   std::int64_t offset = 0) {
    FetchRequest request;
    request.topics.emplace_back().name = topic;
    for (const std::int32_t index : indexes) {
        auto& partition = request.topics[0].partitions.emplace_back();
        partition.index = index;
        partition.fetch_offset = offset;
    }
    return request;
}

std::vector<std::string> names(FetchPartitions& partitions) {
    std::vector<std::string> all;
    for (const FetchPartition& each : partitions.in_order()) {
        all.push_back(each.topic->name + "-" + std::to_string(each.index) + "@" +
                      std::to_string(each.from.value));
    }
    return all;
}

using Names = std::vector<std::string>;

TEST(FetchPartitions, ChangesKeepTheirPlacesAndNewOnesComeLast) {
    FetchPartitions partitions;
    partitions.update(wants("t", {2, 0}), false);
    partitions.update(wants("a", {1}), false);
    partitions.update(wants("t", {0, 3}, 7), false);
    EXPECT_EQ(names(partitions), (Names{"t-2@0", "t-0@7", "a-1@0", "t-3@7"}));
}

TEST(FetchPartitions, OneNamedTwiceIsThereOnceAsItWasNamedLast) {
    FetchPartitions partitions;
    FetchRequest request = wants("t", {0, 1, 0});
    request.topics[0].partitions[2].fetch_offset = 9;
    partitions.update(request, false);
    EXPECT_EQ(names(partitions), (Names{"t-0@9", "t-1@0"}));
}

TEST(FetchPartitions, ForgottenOnesGoAlsoWhenTheyAreNamedInTheSameRequest) {
    FetchPartitions partitions;
    partitions.update(wants("t", {0, 1, 2}), false);
    FetchRequest request = wants("t", {1, 3});
    request.session_epoch = 1;
    request.forgotten_topics.push_back({"t", {}, {1, 0, 9}});
    request.forgotten_topics.push_back({"nowhere", {}, {0}});
    partitions.update(request, false);
    EXPECT_EQ(names(partitions), (Names{"t-2@0", "t-3@0"}));
    request = {};
    request.session_epoch = 2;
    request.forgotten_topics.push_back({"t", {}, {2, 3}});
    partitions.update(request, false);
    EXPECT_TRUE(partitions.empty());
}

TEST(FetchPartitions, ARequestThatBeginsAnewForgetsNothing) {
    for (const std::int32_t epoch : {-1, 0}) {
        FetchPartitions partitions;
        FetchRequest request = wants("t", {0, 1});
        request.session_epoch = epoch;
        request.forgotten_topics.push_back({"t", {}, {0}});
        partitions.update(request, false);
        EXPECT_EQ(names(partitions), (Names{"t-0@0", "t-1@0"}));
    }
}

TEST(FetchPartitions, OnesWithRecordsMoveToTheEnd) {
    FetchPartitions partitions;
    partitions.update(wants("t", {0, 1, 2}), false);
    partitions.move_to_end(partitions.in_order().front());
    EXPECT_EQ(names(partitions), (Names{"t-1@0", "t-2@0", "t-0@0"}));
}

class FetchedTopics : public testing::Test {
protected:
    static Uuid id(int number) {
        Uuid made;
        made.bytes[15] = static_cast<std::byte>(number);
        return made;
    }
    static TopicsImage image_with(int number) {
        TopicsImage image;
        TopicImage topic;
        topic.id = id(number);
        image.add("t", std::move(topic));
        return image;
    }
};

TEST_F(FetchedTopics, AnIdIsKnownByItsNameFromThenOn) {
    FetchTopic topic{"", id(1), true};
    EXPECT_EQ(find_topic({}, topic).code, ErrorCode::kUnknownTopicId);
    const TopicsImage image = image_with(1);
    EXPECT_EQ(find_topic(image, topic).image, image.find("t"));
    EXPECT_EQ(topic.name, "t");
    EXPECT_EQ(find_topic({}, topic).code, ErrorCode::kUnknownTopicOrPartition);
    EXPECT_EQ(find_topic(image_with(2), topic).code, ErrorCode::kInconsistentTopicId);
}

TEST_F(FetchedTopics, NoIdIsNoTopicsId) {
    FetchTopic topic{"", {}, true};
    EXPECT_EQ(find_topic(image_with(1), topic).code, ErrorCode::kUnknownTopicId);
}

TEST_F(FetchedTopics, ANameMeansWhateverIsThere) {
    FetchTopic topic{"t", {}, false};
    EXPECT_EQ(find_topic(image_with(1), topic).code, ErrorCode::kNone);
    EXPECT_EQ(find_topic(image_with(2), topic).code, ErrorCode::kNone);
    EXPECT_EQ(find_topic({}, topic).code, ErrorCode::kUnknownTopicOrPartition);
}

class FetchSessionsTest : public testing::Test {
protected:
    static std::shared_ptr<FetchSession> session_of(std::size_t partitions,
                                                    bool privileged = false) {
        auto session = std::make_shared<FetchSession>();
        session->privileged = privileged;
        FetchRequest request;
        request.topics.emplace_back().name = "t";
        for (std::size_t i = 0; i < partitions; ++i) {
            request.topics[0].partitions.emplace_back().index = static_cast<std::int32_t>(i);
        }
        session->partitions.update(request, false);
        return session;
    }

    /// The next request of a session: 0 when it goes on.
    std::int16_t use(std::int32_t id, std::int32_t epoch, bool by_id = false) {
        const BorrowedSession borrowed = sessions_.borrow(id, epoch, by_id);
        if (borrowed.session != nullptr) sessions_.bring_back(id, borrowed.session);
        return raw(borrowed.code);
    }
    bool is_kept(std::int32_t id) {
        return sessions_.borrow(id, -7, false).code != ErrorCode::kFetchSessionIdNotFound;
    }

    FakeWorld world_;
    FetchSessions sessions_{world_, {3, 100}};
};

TEST_F(FetchSessionsTest, RequestsCountFromOneAndWrapToOne) {
    const std::int32_t id = sessions_.add(session_of(1));
    EXPECT_GT(id, 0);
    EXPECT_EQ(use(id, 0), raw(ErrorCode::kInvalidFetchSessionEpoch));
    EXPECT_EQ(use(id, 1), 0);
    EXPECT_EQ(use(id, 1), raw(ErrorCode::kInvalidFetchSessionEpoch)) << "it was sent twice";
    EXPECT_EQ(use(id, 2), 0);
    EXPECT_EQ(use(id, 4), raw(ErrorCode::kInvalidFetchSessionEpoch));
    EXPECT_EQ(use(id + 1, 3), raw(ErrorCode::kFetchSessionIdNotFound));
    EXPECT_EQ(use(id, 3, true), raw(ErrorCode::kFetchSessionTopicIdError));
    EXPECT_EQ(use(id, 3), 0);
}

TEST_F(FetchSessionsTest, OneThatIsLentIsLentToNobodyElse) {
    const std::int32_t id = sessions_.add(session_of(1));
    const BorrowedSession borrowed = sessions_.borrow(id, 1, false);
    EXPECT_EQ(borrowed.code, ErrorCode::kNone);
    EXPECT_EQ(use(id, 2), raw(ErrorCode::kInvalidFetchSessionEpoch));
    sessions_.bring_back(id, borrowed.session);
    EXPECT_EQ(use(id, 2), 0);
}

TEST_F(FetchSessionsTest, OneThatEndsWhileItIsLentDoesNotComeBack) {
    const std::int32_t id = sessions_.add(session_of(1));
    const BorrowedSession borrowed = sessions_.borrow(id, 1, false);
    sessions_.remove(id);
    sessions_.bring_back(id, borrowed.session);
    EXPECT_EQ(sessions_.size(), 0u);
    EXPECT_EQ(sessions_.partitions(), 0u);
}

TEST_F(FetchSessionsTest, OneWithoutPartitionsEnds) {
    const std::int32_t id = sessions_.add(session_of(2));
    const BorrowedSession borrowed = sessions_.borrow(id, 1, false);
    FetchRequest request;
    request.session_epoch = 1;
    request.forgotten_topics.push_back({"t", {}, {0, 1}});
    borrowed.session->partitions.update(request, false);
    sessions_.bring_back(id, borrowed.session);
    EXPECT_FALSE(is_kept(id));
    EXPECT_EQ(sessions_.partitions(), 0u);
}

TEST_F(FetchSessionsTest, AFullCacheOfYoungSessionsTakesNoMore) {
    for (int i = 0; i < 3; ++i) EXPECT_NE(sessions_.add(session_of(1)), kNoFetchSession);
    EXPECT_EQ(sessions_.add(session_of(50)), kNoFetchSession);
    EXPECT_EQ(sessions_.size(), 3u);
}

TEST_F(FetchSessionsTest, WhoWasNotUsedForTwoMinutesGoes) {
    const std::int32_t first = sessions_.add(session_of(1));
    world_.advance(std::chrono::seconds(1));
    const std::int32_t second = sessions_.add(session_of(1));
    (void)sessions_.add(session_of(1));
    world_.advance(std::chrono::seconds(119));
    EXPECT_EQ(sessions_.add(session_of(1)), kNoFetchSession) << "two minutes are not over";
    EXPECT_EQ(use(first, 1), 0);
    world_.advance(std::chrono::seconds(2));
    EXPECT_NE(sessions_.add(session_of(1)), kNoFetchSession);
    EXPECT_TRUE(is_kept(first));
    EXPECT_FALSE(is_kept(second));
}

TEST_F(FetchSessionsTest, AnOldOneOfFewerPartitionsGoesForALargerOne) {
    const std::int32_t large = sessions_.add(session_of(10));
    const std::int32_t small = sessions_.add(session_of(5));
    const std::int32_t medium = sessions_.add(session_of(7));
    std::int32_t epoch = 1;
    for (; epoch <= 3; ++epoch) {
        world_.advance(std::chrono::seconds(60));
        for (const std::int32_t id : {large, small, medium}) EXPECT_EQ(use(id, epoch), 0);
    }
    EXPECT_EQ(sessions_.add(session_of(5)), kNoFetchSession) << "it is not larger";
    EXPECT_NE(sessions_.add(session_of(6)), kNoFetchSession);
    EXPECT_FALSE(is_kept(small));
    EXPECT_TRUE(is_kept(medium));
}

TEST_F(FetchSessionsTest, AFollowersTakesAYoungConsumersPlace) {
    const std::int32_t large = sessions_.add(session_of(10));
    const std::int32_t small = sessions_.add(session_of(5));
    const std::int32_t follower = sessions_.add(session_of(1, true));
    EXPECT_NE(sessions_.add(session_of(1, true)), kNoFetchSession);
    EXPECT_FALSE(is_kept(small));
    EXPECT_NE(sessions_.add(session_of(1, true)), kNoFetchSession);
    EXPECT_FALSE(is_kept(large));
    EXPECT_EQ(sessions_.add(session_of(90, true)), kNoFetchSession);
    EXPECT_TRUE(is_kept(follower));
}

TEST_F(FetchSessionsTest, PartitionsOfAllTogetherAreBounded) {
    EXPECT_EQ(sessions_.add(session_of(101)), kNoFetchSession);
    const std::int32_t id = sessions_.add(session_of(60));
    EXPECT_EQ(sessions_.add(session_of(41)), kNoFetchSession);
    EXPECT_NE(sessions_.add(session_of(40)), kNoFetchSession);
    EXPECT_EQ(sessions_.partitions(), 100u);

    const BorrowedSession borrowed = sessions_.borrow(id, 1, false);
    FetchRequest request = wants("more", {0});
    borrowed.session->partitions.update(request, false);
    sessions_.bring_back(id, borrowed.session);
    EXPECT_FALSE(is_kept(id)) << "it has grown beyond what there is";
    EXPECT_EQ(sessions_.partitions(), 40u);
}

}  // namespace
}  // namespace millrace
