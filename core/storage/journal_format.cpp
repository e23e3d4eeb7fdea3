#include "core/storage/journal_format.hpp"

#include "core/base/crc32c.hpp"

#include <algorithm>
#include <cstring>

namespace millrace {
namespace {

constexpr std::uint64_t kMagic = 0x4d494c4c4a524e31;  // "MILLJRN1"
constexpr std::size_t kHeaderFieldsBytes = 56;
constexpr std::size_t kAppendHeaderBytes = 24;
constexpr std::size_t kBindingHeaderBytes = 28;
constexpr std::size_t kCheckpointHeaderBytes = 24;
constexpr std::size_t kCheckpointLineBytes = 28;
constexpr std::size_t kLogStartBytes = 24;
constexpr std::size_t kClosedBytes = 4;

/// Seeded with the journal's id, so that another journal's frames never hold.
std::uint32_t checksum(std::uint64_t journal_id, ByteView bytes) {
    std::byte seed[8];
    store_be(seed, journal_id);
    return crc32c(bytes, crc32c(seed));
}

}  // namespace

AlignedBytes encode_journal_header(const JournalFileHeader& header) {
    AlignedBytes block(kJournalBlock);
    block.zero();
    std::byte* const at = block.data();
    store_be(at, kMagic);
    store_be(at + 8, header.journal_id);
    store_be(at + 16, header.sequence);
    store_be(at + 24, header.start);
    store_be(at + 32, header.former_end);
    store_be(at + 40, header.file_bytes);
    store_be(at + 48, header.life);
    store_be(at + 52, checksum(header.journal_id, ByteView(at, 52)));
    return block;
}

Result<JournalFileHeader> decode_journal_header(ByteView block) {
    if (block.size() < kHeaderFieldsBytes) return Errc::kMalformed;
    const std::byte* const at = block.data();
    JournalFileHeader header;
    header.journal_id = load_be<std::uint64_t>(at + 8);
    header.sequence = load_be<std::uint64_t>(at + 16);
    header.start = load_be<std::uint64_t>(at + 24);
    header.former_end = load_be<std::uint64_t>(at + 32);
    header.file_bytes = load_be<std::uint64_t>(at + 40);
    header.life = load_be<std::uint32_t>(at + 48);
    const bool holds =
        load_be<std::uint64_t>(at) == kMagic &&
        load_be<std::uint32_t>(at + 52) == checksum(header.journal_id, block.first(52));
    if (!holds) return Errc::kMalformed;
    return header;
}

std::byte* FrameBuilder::grow(EntryKind kind, std::size_t size) {
    expect_at_most(size, left(), "an entry does not fit into its frame");
    std::byte* const at = memory_.data() + size_;
    std::memset(at, 0, 4);
    at[0] = static_cast<std::byte>(kind);
    size_ += size;
    ++entries_;
    return at;
}

std::size_t FrameBuilder::append_room() const {
    return left() < kAppendHeaderBytes ? 0 : left() - kAppendHeaderBytes;
}

MutableBytes FrameBuilder::add_append(LogId log, Offset segment_base, std::uint64_t position,
                                      std::size_t size) {
    std::byte* const at = grow(EntryKind::kAppend, kAppendHeaderBytes + size);
    store_be(at + 4, log);
    store_be(at + 8, segment_base.value);
    store_be(at + 16, static_cast<std::uint32_t>(position));
    store_be(at + 20, static_cast<std::uint32_t>(size));
    return {at + kAppendHeaderBytes, size};
}

bool FrameBuilder::add_binding(const BindingEntry& entry) {
    const std::size_t size = kBindingHeaderBytes + entry.folder.size();
    if (left() < size) return false;
    std::byte* const at = grow(EntryKind::kBinding, size);
    store_be(at + 2, static_cast<std::uint16_t>(entry.folder.size()));
    store_be(at + 4, entry.log);
    std::memcpy(at + 8, entry.topic_id.bytes.data(), 16);
    std::memset(at + 24, 0, 4);
    std::memcpy(at + kBindingHeaderBytes, entry.folder.data(), entry.folder.size());
    return true;
}

std::size_t FrameBuilder::checkpoint_room() const {
    return left() < kCheckpointHeaderBytes
               ? 0
               : (left() - kCheckpointHeaderBytes) / kCheckpointLineBytes;
}

void FrameBuilder::add_checkpoint(const CheckpointEntry& entry) {
    std::byte* at = grow(EntryKind::kCheckpoint,
                         kCheckpointHeaderBytes + entry.lines.size() * kCheckpointLineBytes);
    at[1] = static_cast<std::byte>(entry.last ? 1 : 0);
    store_be(at + 4, entry.piece);
    store_be(at + 8, entry.begin);
    store_be(at + 16, static_cast<std::uint32_t>(entry.lines.size()));
    std::memset(at + 20, 0, 4);
    at += kCheckpointHeaderBytes;
    for (const CheckpointLine& line : entry.lines) {
        store_be(at, line.log);
        store_be(at + 4, line.end.segment_base.value);
        store_be(at + 12, line.end.position);
        store_be(at + 20, line.end.next_offset.value);
        at += kCheckpointLineBytes;
    }
}

bool FrameBuilder::add_log_start(const LogStartEntry& entry) {
    if (left() < kLogStartBytes) return false;
    std::byte* const at = grow(EntryKind::kLogStart, kLogStartBytes);
    store_be(at + 4, entry.log);
    store_be(at + 8, entry.start.start.value);
    store_be(at + 16, entry.start.segment_base.value);
    return true;
}

void FrameBuilder::add_closed() { grow(EntryKind::kClosed, kClosedBytes); }

ByteView FrameBuilder::seal(Lsn lsn, std::uint32_t life, Lsn stable) {
    const std::size_t padded = round_up(size_, kJournalBlock);
    std::byte* const at = memory_.data();
    std::memset(at + size_, 0, padded - size_);
    store_be(at + 4, static_cast<std::uint32_t>(size_));
    store_be(at + 8, lsn);
    store_be(at + 16, stable);
    store_be(at + 24, life);
    store_be(at + 28, entries_);
    std::memset(at + 32, 0, kFrameHeaderBytes - 32);
    store_be(at, checksum(journal_id_, ByteView(at + 4, size_ - 4)));
    return {at, padded};
}

Result<FrameView> parse_frame(ByteView bytes, std::uint64_t journal_id) {
    if (bytes.size() < kFrameHeaderBytes) return Errc::kEndOfStream;
    const auto size = load_be<std::uint32_t>(&bytes[4]);
    if (size < kFrameHeaderBytes || size > kFrameBytesMax) return Errc::kMalformed;
    if (size > bytes.size()) return Errc::kEndOfStream;
    if (load_be<std::uint32_t>(bytes.data()) != checksum(journal_id, bytes.subspan(4, size - 4)))
        return Errc::kMalformed;
    FrameView frame;
    frame.lsn = load_be<std::uint64_t>(&bytes[8]);
    frame.stable = load_be<std::uint64_t>(&bytes[16]);
    frame.life = load_be<std::uint32_t>(&bytes[24]);
    frame.entries = load_be<std::uint32_t>(&bytes[28]);
    frame.size = round_up(size, kJournalBlock);
    frame.payload = bytes.subspan(kFrameHeaderBytes, size - kFrameHeaderBytes);
    return frame;
}

namespace detail {

Result<AppendEntry> take_append(ByteView& payload) {
    if (payload.size() < kAppendHeaderBytes) return Errc::kMalformed;
    AppendEntry entry;
    entry.log = load_be<std::uint32_t>(&payload[4]);
    entry.segment_base = Offset{load_be<std::int64_t>(&payload[8])};
    entry.position = load_be<std::uint32_t>(&payload[16]);
    const auto size = load_be<std::uint32_t>(&payload[20]);
    if (size > payload.size() - kAppendHeaderBytes) return Errc::kMalformed;
    entry.bytes = payload.subspan(kAppendHeaderBytes, size);
    payload = payload.subspan(kAppendHeaderBytes + size);
    return entry;
}

Result<BindingEntry> take_binding(ByteView& payload) {
    if (payload.size() < kBindingHeaderBytes) return Errc::kMalformed;
    BindingEntry entry;
    const auto size = load_be<std::uint16_t>(&payload[2]);
    if (size > payload.size() - kBindingHeaderBytes) return Errc::kMalformed;
    entry.log = load_be<std::uint32_t>(&payload[4]);
    std::memcpy(entry.topic_id.bytes.data(), &payload[8], 16);
    entry.folder = as_text(payload.subspan(kBindingHeaderBytes, size));
    payload = payload.subspan(kBindingHeaderBytes + size);
    return entry;
}

Result<CheckpointEntry> take_checkpoint(ByteView& payload) {
    if (payload.size() < kCheckpointHeaderBytes) return Errc::kMalformed;
    CheckpointEntry entry;
    entry.last = payload[1] != std::byte{0};
    entry.piece = load_be<std::uint32_t>(&payload[4]);
    entry.begin = load_be<std::uint64_t>(&payload[8]);
    const std::size_t count = load_be<std::uint32_t>(&payload[16]);
    payload = payload.subspan(kCheckpointHeaderBytes);
    if (count > payload.size() / kCheckpointLineBytes) return Errc::kMalformed;
    for (std::size_t i = 0; i < count; ++i) {
        CheckpointLine line;
        line.log = load_be<std::uint32_t>(payload.data());
        line.end.segment_base = Offset{load_be<std::int64_t>(&payload[4])};
        line.end.position = load_be<std::uint64_t>(&payload[12]);
        line.end.next_offset = Offset{load_be<std::int64_t>(&payload[20])};
        entry.lines.push_back(line);
        payload = payload.subspan(kCheckpointLineBytes);
    }
    return entry;
}

Result<LogStartEntry> take_log_start(ByteView& payload) {
    if (payload.size() < kLogStartBytes) return Errc::kMalformed;
    LogStartEntry entry;
    entry.log = load_be<std::uint32_t>(&payload[4]);
    entry.start.start = Offset{load_be<std::int64_t>(&payload[8])};
    entry.start.segment_base = Offset{load_be<std::int64_t>(&payload[16])};
    payload = payload.subspan(kLogStartBytes);
    return entry;
}

}  // namespace detail
}  // namespace millrace
