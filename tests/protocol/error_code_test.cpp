#include "protocol/error_code.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace millrace {
namespace {

TEST(ErrorCode, EveryCodeOfKafka39HasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (std::int16_t code = -1; code <= 127; ++code) {
        if (code == 99) continue;  // never given out
        const auto name = name_of(static_cast<ErrorCode>(code));
        EXPECT_NE(name, "UNKNOWN") << code;
        EXPECT_TRUE(names.insert(name).second) << code;
    }
    EXPECT_EQ(names.size(), 128u);
    for (const int code : {-2, 99, 128})
        EXPECT_EQ(name_of(static_cast<ErrorCode>(code)), "UNKNOWN") << code;
}

TEST(ErrorCode, NamesStandAtTheirNumbers) {
    EXPECT_EQ(name_of(static_cast<ErrorCode>(-1)), "UNKNOWN_SERVER_ERROR");
    EXPECT_EQ(name_of(static_cast<ErrorCode>(0)), "NONE");
    EXPECT_EQ(name_of(static_cast<ErrorCode>(6)), "NOT_LEADER_OR_FOLLOWER");
    EXPECT_EQ(name_of(static_cast<ErrorCode>(56)), "KAFKA_STORAGE_ERROR");
    EXPECT_EQ(name_of(static_cast<ErrorCode>(100)), "UNKNOWN_TOPIC_ID");
    EXPECT_EQ(name_of(static_cast<ErrorCode>(127)), "VOTER_NOT_FOUND");
}

TEST(ErrorCode, ClientsRetryExactlyThese) {
    const std::set<int> expected{2,  3,  5,  6,  7,  9,  13, 14, 15, 16, 19,  20,  41,  51,  56, 70,
                                 71, 72, 74, 75, 78, 80, 83, 84, 88, 89, 100, 103, 106, 122, 123};
    std::set<int> retriable;
    for (int code = -1; code <= 128; ++code)
        if (is_retriable(static_cast<ErrorCode>(code))) retriable.insert(code);
    EXPECT_EQ(retriable, expected);
}

TEST(ErrorCode, MapsEachErrcToWhatAClientCanActOn) {
    const auto code_of = [](Errc errc) { return raw(to_error_code(errc)); };
    EXPECT_EQ(code_of(Errc::kOffsetOutOfRange), 1);
    EXPECT_EQ(code_of(Errc::kCorruptBatch), 2);
    EXPECT_EQ(code_of(Errc::kUnknownTopic), 3);
    EXPECT_EQ(code_of(Errc::kTimedOut), 7);
    EXPECT_EQ(code_of(Errc::kBatchTooLarge), 10);
    EXPECT_EQ(code_of(Errc::kInvalidTopic), 17);
    EXPECT_EQ(code_of(Errc::kBatchSetTooLarge), 18);
    EXPECT_EQ(code_of(Errc::kInvalidTimestamp), 32);
    EXPECT_EQ(code_of(Errc::kUnsupportedVersion), 35);
    EXPECT_EQ(code_of(Errc::kStorageFailed), 56);
    EXPECT_EQ(code_of(Errc::kUnsupportedCodec), 76);
    EXPECT_EQ(code_of(Errc::kInvalidRecord), 87);
    for (const Errc errc : {Errc::kEndOfStream, Errc::kMalformed, Errc::kInvalidConfig})
        EXPECT_EQ(code_of(errc), -1);
}

TEST(ErrorCode, MapsWhatTheKernelSaidToAStorageError) {
    EXPECT_EQ(to_error_code(system_error(EIO)), ErrorCode::kKafkaStorageError);
    EXPECT_EQ(to_error_code(system_error(ENOSPC)), ErrorCode::kKafkaStorageError);
}

TEST(ErrorCode, MapsSuccessToNone) { EXPECT_EQ(to_error_code(Error{}), ErrorCode::kNone); }

}  // namespace
}  // namespace millrace
