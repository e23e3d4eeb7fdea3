// Frames of the journal: what is written is read, and nothing else is taken for a frame.
#include "core/storage/journal_format.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr std::uint64_t kJournalId = 77;

struct Seen {
    std::vector<std::pair<LogId, Bytes>> appends;
    std::vector<std::string> folders;
    std::vector<CheckpointEntry> checkpoints;
    std::vector<LogStart> starts;
    int closed = 0;

    void on_append(const FrameView&, const AppendEntry& entry) {
        appends.emplace_back(entry.log, Bytes(entry.bytes.begin(), entry.bytes.end()));
        EXPECT_EQ(entry.segment_base, Offset{500});
        EXPECT_EQ(entry.position, 4000u);
    }
    void on_binding(const FrameView&, const BindingEntry& entry) {
        folders.emplace_back(entry.folder);
    }
    void on_checkpoint(const FrameView&, const CheckpointEntry& entry) {
        checkpoints.push_back(entry);
    }
    void on_log_start(const FrameView&, const LogStartEntry& entry) {
        EXPECT_EQ(entry.log, 7u);
        starts.push_back(entry.start);
    }
    void on_closed(const FrameView&) { ++closed; }
};

Bytes to_bytes(std::string_view text) {
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

ByteView build(FrameBuilder& builder) {
    builder.begin();
    EXPECT_TRUE(builder.add_binding({7, Uuid{}, "topic-3"}));
    const MutableBytes into = builder.add_append(7, Offset{500}, 4000, 5);
    const Bytes hello = to_bytes("hello");
    std::copy(hello.begin(), hello.end(), into.begin());
    builder.add_checkpoint({9, 0, true, {{7, {Offset{500}, 4000, Offset{512}}}}});
    EXPECT_TRUE(builder.add_log_start({7, {Offset{510}, Offset{500}}}));
    builder.add_closed();
    return builder.seal(8192, 3, 4096);
}

TEST(JournalFormat, AFrameIsReadAsItWasBuilt) {
    FrameBuilder builder(kJournalId, 64 << 10);
    const ByteView bytes = build(builder);
    EXPECT_EQ(bytes.size(), 4096u);
    const auto frame = parse_frame(bytes, kJournalId);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->lsn, 8192u);
    EXPECT_EQ(frame->life, 3u);
    EXPECT_EQ(frame->stable, 4096u);
    Seen seen;
    ASSERT_TRUE(visit_entries(*frame, seen));
    EXPECT_EQ(seen.folders, std::vector<std::string>{"topic-3"});
    ASSERT_EQ(seen.appends.size(), 1u);
    EXPECT_EQ(seen.appends[0].second, to_bytes("hello"));
    ASSERT_EQ(seen.checkpoints.size(), 1u);
    EXPECT_EQ(seen.checkpoints[0].lines[0].end, (LogPosition{Offset{500}, 4000, Offset{512}}));
    EXPECT_TRUE(seen.checkpoints[0].last);
    EXPECT_EQ(seen.starts, (std::vector<LogStart>{{Offset{510}, Offset{500}}}));
    EXPECT_EQ(seen.closed, 1);
}

TEST(JournalFormat, NoChangedByteAndNoOtherJournalPasses) {
    FrameBuilder builder(kJournalId, 64 << 10);
    const ByteView sealed = build(builder);
    Bytes bytes(sealed.begin(), sealed.end());
    EXPECT_FALSE(parse_frame(bytes, kJournalId + 1));
    const std::size_t used = load_be<std::uint32_t>(&bytes[4]);
    for (std::size_t i = 0; i < used; ++i) {
        bytes[i] ^= std::byte{1};
        EXPECT_FALSE(parse_frame(bytes, kJournalId)) << i;
        bytes[i] ^= std::byte{1};
    }
    EXPECT_FALSE(parse_frame(ByteView(bytes).first(used - 1), kJournalId));
    EXPECT_FALSE(parse_frame(Bytes(4096), kJournalId));
}

TEST(JournalFormat, AnEntryOfALaterVersionIsNotPassedOver) {
    FrameBuilder builder(kJournalId, 64 << 10);
    const ByteView bytes = build(builder);
    Bytes payload(parse_frame(bytes, kJournalId)->payload.begin(),
                  parse_frame(bytes, kJournalId)->payload.end());
    payload[0] = static_cast<std::byte>(EntryKind::kTruncation);
    FrameView frame;
    frame.entries = 1;
    frame.payload = payload;
    Seen seen;
    EXPECT_EQ(visit_entries(frame, seen).error(), make_error_code(Errc::kUnsupportedVersion));
}

TEST(JournalFormat, EntriesThatPointBehindTheFrameAreMalformed) {
    Bytes payload(24);
    payload[0] = static_cast<std::byte>(EntryKind::kAppend);
    store_be(&payload[20], std::uint32_t{1});
    FrameView frame;
    frame.entries = 1;
    frame.payload = payload;
    Seen seen;
    EXPECT_EQ(visit_entries(frame, seen).error(), make_error_code(Errc::kMalformed));
    payload[0] = static_cast<std::byte>(EntryKind::kCheckpoint);
    store_be(&payload[16], std::uint32_t{0xffffffff});
    EXPECT_EQ(visit_entries(frame, seen).error(), make_error_code(Errc::kMalformed));
}

TEST(JournalFormat, AFileHeaderIsReadAsItWasWritten) {
    const AlignedBytes block = encode_journal_header({kJournalId, 5, 4096, 2, 8192, 1 << 20});
    const auto header = decode_journal_header(block.bytes());
    ASSERT_TRUE(header);
    EXPECT_EQ(header->sequence, 5u);
    EXPECT_EQ(header->start, 4096u);
    EXPECT_EQ(header->life, 2u);
    EXPECT_EQ(header->former_end, 8192u);
    block.data()[30] ^= std::byte{1};
    EXPECT_FALSE(decode_journal_header(block.bytes()));
}

}  // namespace
}  // namespace millrace
