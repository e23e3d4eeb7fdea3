// Which batches of idempotent producers are new, which are there already, and which are refused:
// each line of Kafka's rules.
#include "core/storage/producer_state.hpp"

#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr std::int32_t kLastSequence = 2147483647;
constexpr std::int16_t kTransactional = 16;
constexpr std::int16_t kControl = 32;

/// A log that only a ProducerState knows.
class ProducerStateTest : public testing::Test {
protected:
    static Bytes batch(std::int32_t sequence, std::int32_t records, std::int16_t epoch = 0,
                       std::int16_t attributes = 0) {
        return make_batch({.records = records,
                           .attributes = attributes,
                           .producer_id = 7,
                           .base_sequence = sequence,
                           .producer_epoch = epoch});
    }

    void append(Bytes bytes) {
        assign_offset_and_epoch(bytes, end_, LeaderEpoch{0});
        const RecordBatchView view(bytes);
        end_ = view.last_offset() + 1;
        state_.note(view);
    }

    void append(std::int32_t sequence, std::int32_t records, std::int16_t epoch = 0) {
        append(batch(sequence, records, epoch));
    }

    Result<const ProducerBatch*> check(std::int32_t sequence, std::int32_t records,
                                       std::int16_t epoch = 0, std::int16_t attributes = 0) {
        const Bytes bytes = batch(sequence, records, epoch, attributes);
        return state_.check(RecordBatchView(bytes));
    }

    void expect_new(std::int32_t sequence, std::int32_t records, std::int16_t epoch = 0) {
        const auto checked = check(sequence, records, epoch);
        ASSERT_TRUE(checked) << checked.error().message();
        EXPECT_EQ(*checked, nullptr);
    }

    void expect_there(std::int32_t sequence, std::int32_t records, Offset base) {
        const auto checked = check(sequence, records);
        ASSERT_TRUE(checked) << checked.error().message();
        ASSERT_NE(*checked, nullptr);
        EXPECT_EQ((*checked)->base_offset(), base);
        EXPECT_EQ((*checked)->last_offset, base + (records - 1));
    }

    void expect_refused(Errc why, std::int32_t sequence, std::int32_t records,
                        std::int16_t epoch = 0) {
        EXPECT_EQ(check(sequence, records, epoch).error(), make_error_code(why));
    }

    /// The end of a transaction, as its coordinator writes it.
    static Bytes marker(std::int32_t coordinator_epoch, std::int16_t epoch = 0) {
        Bytes bytes = batch(-1, 1, epoch, kTransactional | kControl);
        bytes.resize(kBatchHeaderBytes);
        const std::uint8_t record[] = {32, 0, 0, 0, 8, 0, 0, 0, 1, 12, 0, 0};
        append_bytes(bytes, as_bytes({reinterpret_cast<const char*>(record), sizeof record}));
        bytes.resize(bytes.size() + 5);
        store_be(&bytes[bytes.size() - 5], coordinator_epoch);
        store_be(&bytes[8], static_cast<std::int32_t>(bytes.size() - kBatchOverheadBytes));
        seal(bytes);
        return bytes;
    }

    const Producer& producer() const { return state_.producers().at(7); }

    ProducerState state_;
    Offset end_{100};
};

TEST_F(ProducerStateTest, AnUnknownProducerMayBeginAnywhere) {
    expect_new(0, 3);
    expect_new(4711, 3, 5);
}

TEST_F(ProducerStateTest, ABatchGoesOnWhereTheLastOneEnds) {
    append(10, 3);
    expect_new(13, 2);
    expect_refused(Errc::kOutOfOrderSequence, 14, 2);
    expect_refused(Errc::kOutOfOrderSequence, 12, 2);
    expect_refused(Errc::kOutOfOrderSequence, 0, 1);
}

TEST_F(ProducerStateTest, Trap38_TheLastFiveBatchesAreKnownAgain) {
    for (std::int32_t i = 0; i < 6; ++i) append(i * 2, 2);
    expect_refused(Errc::kOutOfOrderSequence, 0, 2);
    for (std::int32_t i = 1; i < 6; ++i) expect_there(i * 2, 2, Offset{100 + i * 2});
    expect_new(12, 1);
}

TEST_F(ProducerStateTest, TheSameBeginningWithAnotherEndIsNotTheSameBatch) {
    append(0, 3);
    expect_refused(Errc::kOutOfOrderSequence, 0, 2);
    expect_refused(Errc::kOutOfOrderSequence, 1, 2);
}

TEST_F(ProducerStateTest, SequencesGoOnWithZeroBehindTheLargest) {
    append(kLastSequence - 1, 2);
    expect_new(0, 5);
    expect_refused(Errc::kOutOfOrderSequence, 1, 5);
    append(0, 5);
    expect_there(kLastSequence - 1, 2, Offset{100});
    expect_there(0, 5, Offset{102});
}

TEST_F(ProducerStateTest, TheyDoSoInsideABatchToo) {
    append(kLastSequence - 1, 5);
    EXPECT_EQ(producer().last_sequence(), 2);
    expect_there(kLastSequence - 1, 5, Offset{100});
    expect_new(3, 1);
}

TEST_F(ProducerStateTest, ANewerEpochBeginsWithZero) {
    append(0, 3, 1);
    expect_refused(Errc::kOutOfOrderSequence, 3, 1, 2);
    expect_new(0, 1, 2);
    append(0, 1, 2);
    expect_new(1, 1, 2);
    EXPECT_EQ(producer().batch_count, 1);
}

TEST_F(ProducerStateTest, AnOlderEpochIsOver) {
    append(0, 3, 2);
    expect_refused(Errc::kStaleProducerEpoch, 3, 1, 1);
    expect_refused(Errc::kStaleProducerEpoch, 0, 3, 1);
}

TEST_F(ProducerStateTest, ATransactionIsOpenUntilItsMarker) {
    append(batch(0, 2, 0, kTransactional));
    append(batch(2, 2, 0, kTransactional));
    EXPECT_EQ(producer().transaction_start, Offset{100});
    expect_refused(Errc::kInvalidTransaction, 4, 1);
    append(marker(9));
    EXPECT_EQ(producer().transaction_start, Offset{-1});
    EXPECT_EQ(producer().coordinator_epoch, 9);
    expect_there(2, 2, Offset{102});
    expect_new(4, 1);
}

TEST_F(ProducerStateTest, BehindAMarkerOfANewerEpochSequencesBeginAnew) {
    append(0, 4);
    append(marker(1, 1));
    EXPECT_EQ(producer().batch_count, 0);
    expect_refused(Errc::kOutOfOrderSequence, 4, 1, 1);
    expect_new(0, 1, 1);
}

TEST_F(ProducerStateTest, ControlBatchesThatEndNoTransactionSayNothing) {
    Bytes other = marker(1);
    store_be(&other[kBatchHeaderBytes + 7], std::int16_t{2});
    append(other);
    Bytes cut = marker(1);
    cut.resize(kBatchHeaderBytes + 6);
    store_be(&cut[8], static_cast<std::int32_t>(cut.size() - kBatchOverheadBytes));
    append(cut);
    EXPECT_TRUE(state_.empty());
}

TEST_F(ProducerStateTest, WhoWasSilentIsForgottenByTheTimeOfItsLastBatch) {
    append(0, 3);  // the last of its records is of 1002
    state_.expire(1002 + 499, 500);
    EXPECT_FALSE(state_.empty());
    state_.expire(1002 + 500, 500);
    EXPECT_TRUE(state_.empty());
    expect_new(77, 1);
}

TEST_F(ProducerStateTest, WhoHasATransactionOpenIsNotForgotten) {
    append(batch(0, 3, 0, kTransactional));
    state_.expire(1'000'000, 500);
    EXPECT_FALSE(state_.empty());
}

TEST_F(ProducerStateTest, OfTooManyTheHalfIsForgottenThatWasSilentLongest) {
    ProducerState few(4);
    for (std::int64_t id = 0; id < 5; ++id) {
        Bytes bytes = make_batch({.producer_id = id, .base_sequence = 0, .producer_epoch = 0});
        assign_offset_and_epoch(bytes, Offset{10 - id}, LeaderEpoch{0});
        EXPECT_EQ(few.note(RecordBatchView(bytes)), id == 4);
    }
    ASSERT_EQ(few.producers().size(), 3u);
    EXPECT_EQ(few.producers().rbegin()->first, 2);
}

}  // namespace
}  // namespace millrace
