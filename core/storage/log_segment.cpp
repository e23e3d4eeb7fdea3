#include "core/storage/log_segment.hpp"

#include "core/base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kIndexEntryBytes = 8;
constexpr std::size_t kTimeIndexEntryBytes = 12;
// What a walk reads at once; larger batches are read whole.
constexpr std::size_t kWalkBytes = 1 << 20;
// A batch length beyond this is damage: socket.request.max.bytes bounds what can have come in.
constexpr std::size_t kBatchBytesMax = 1 << 30;

Bytes encode(std::span<const IndexEntry> entries) {
    Bytes bytes(entries.size() * kIndexEntryBytes);
    std::byte* at = bytes.data();
    for (const IndexEntry& entry : entries) {
        store_be(at, entry.relative_offset);
        store_be(at + 4, entry.position);
        at += kIndexEntryBytes;
    }
    return bytes;
}

Bytes encode(std::span<const TimeIndexEntry> entries) {
    Bytes bytes(entries.size() * kTimeIndexEntryBytes);
    std::byte* at = bytes.data();
    for (const TimeIndexEntry& entry : entries) {
        store_be(at, entry.timestamp);
        store_be(at + 8, entry.relative_offset);
        at += kTimeIndexEntryBytes;
    }
    return bytes;
}

Task<Result<Bytes>> read_whole(File& file) {
    const auto size = co_await file.size();
    if (!size) co_return size.error();
    Bytes bytes(*size);
    const auto filled = co_await file.read_at(0, bytes);
    if (!filled) co_return filled.error();
    co_return bytes;
}

}  // namespace

std::string segment_file_name(Offset base, std::string_view suffix) {
    return fmt::format("{:020}{}", base.value, suffix);
}

Task<Result<void>> LogSegment::open_files(std::string folder, OpenMode mode) {
    const std::string stem = folder + "/" + segment_file_name(base_, "");
    for (auto [file, suffix] : {std::pair(&log_, ".log"), std::pair(&index_file_, ".index"),
                                std::pair(&time_index_file_, ".timeindex")}) {
        const std::string path = stem + suffix;
        auto opened = co_await File::open(world_, path, mode);
        if (!opened) co_return opened.error();
        *file = std::move(*opened);
    }
    created_ms_ = world_.wall_clock_ms();
    co_return Result<void>();
}

Task<Result<std::unique_ptr<LogSegment>>> LogSegment::create(World& world, std::string folder,
                                                             Offset base) {
    std::unique_ptr<LogSegment> segment(new LogSegment(world, base));
    // Emptied, not refused: a start that died between creation and first write leaves such files.
    const auto opened = co_await segment->open_files(folder, OpenMode::kTruncate);
    if (!opened) {
        (void)co_await segment->close();
        co_return opened.error();
    }
    co_return segment;
}

Task<Result<std::unique_ptr<LogSegment>>> LogSegment::open(World& world, std::string folder,
                                                           Offset base, bool verify,
                                                           std::int32_t index_interval_bytes) {
    std::unique_ptr<LogSegment> segment(new LogSegment(world, base));
    auto outcome = co_await segment->open_files(folder, OpenMode::kCreate);
    std::uint64_t file_size = 0;
    if (outcome) {
        const auto size = co_await segment->log_.size();
        outcome = size ? Result<void>() : Result<void>(size.error());
        if (size) file_size = *size;
    }
    if (outcome && !verify) outcome = co_await segment->load_indexes();
    if (outcome) {
        const std::uint64_t from =
            segment->index_.empty() ? 0
                                    : static_cast<std::uint64_t>(segment->index_.back().position);
        outcome = co_await segment->walk_from(from, verify, file_size, index_interval_bytes);
    }
    if (outcome && verify) outcome = co_await segment->rewrite_indexes();
    if (!outcome) {
        (void)co_await segment->close();
        co_return outcome.error();
    }
    co_return segment;
}

Task<Result<void>> LogSegment::load_indexes() {
    const auto index = co_await read_whole(index_file_);
    if (!index) co_return index.error();
    const auto time_index = co_await read_whole(time_index_file_);
    if (!time_index) co_return time_index.error();
    for (std::size_t at = 0; at + kIndexEntryBytes <= index->size(); at += kIndexEntryBytes) {
        index_.push_back(
            {load_be<std::int32_t>(&(*index)[at]), load_be<std::int32_t>(&(*index)[at + 4])});
    }
    for (std::size_t at = 0; at + kTimeIndexEntryBytes <= time_index->size();
         at += kTimeIndexEntryBytes) {
        time_index_.push_back({load_be<std::int64_t>(&(*time_index)[at]),
                               load_be<std::int32_t>(&(*time_index)[at + 8])});
    }
    if (!time_index_.empty()) {
        max_timestamp_ = time_index_.back().timestamp;
        max_timestamp_offset_ = base_ + time_index_.back().relative_offset;
    }
    index_written_ = index_.size();
    time_index_written_ = time_index_.size();
    co_return Result<void>();
}

Task<Result<void>> LogSegment::walk_from(std::uint64_t position, bool verify,
                                         std::uint64_t file_size,
                                         std::int32_t index_interval_bytes) {
    size_ = position;
    std::size_t wanted = kWalkBytes;
    Bytes buffer;
    while (size_ < file_size) {
        buffer.resize(std::min<std::uint64_t>(wanted, file_size - size_));
        const auto filled = co_await log_.read_at(size_, buffer);
        if (!filled) co_return filled.error();
        ByteView rest = buffer;
        bool damaged = false;
        for (;;) {
            const auto batch = parse_batch(rest);
            const bool whole = batch.has_value();
            if (!whole && batch.error() != make_error_code(Errc::kEndOfStream)) damaged = true;
            if (!whole) break;
            if (verify && (batch->base_offset() < next_offset_ || !batch->crc_holds())) {
                damaged = true;
                break;
            }
            note(BatchMeta(*batch), index_interval_bytes);
            rest = rest.subspan(batch->size_in_bytes());
        }
        const bool moved = rest.size() < buffer.size();
        const bool more = size_ + rest.size() < file_size;
        if (damaged || (!moved && (!more || wanted > kBatchBytesMax))) break;
        wanted = moved ? kWalkBytes : wanted * 2;
        if (moved && !more && rest.empty()) break;
    }
    was_cut_ = size_ < file_size;
    if (!was_cut_) co_return Result<void>();
    if (!verify) co_return Errc::kCorruptBatch;
    const auto cut = co_await log_.truncate(size_);
    if (!cut) co_return cut;
    co_return co_await log_.sync(SyncScope::kAll);
}

void LogSegment::note(const BatchMeta& meta, std::int32_t index_interval_bytes) {
    if (epoch_starts_.empty() || epoch_starts_.back().epoch < meta.epoch) {
        epoch_starts_.push_back(meta);
    }
    if (bytes_since_entry_ > static_cast<std::uint64_t>(index_interval_bytes)) {
        const auto relative = static_cast<std::int32_t>(meta.last - base_);
        if (index_.empty() || index_.back().relative_offset < relative) {
            index_.push_back({relative, static_cast<std::int32_t>(size_)});
        }
        add_time_entry();
        bytes_since_entry_ = 0;
    }
    if (first_timestamp_ == kNoTimestamp) first_timestamp_ = meta.max_timestamp;
    if (meta.max_timestamp > max_timestamp_) {
        max_timestamp_ = meta.max_timestamp;
        max_timestamp_offset_ = meta.last;
    }
    bytes_since_entry_ += meta.size;
    size_ += meta.size;
    next_offset_ = meta.last + 1;
}

void LogSegment::add_time_entry() {
    if (max_timestamp_ == kNoTimestamp) return;
    if (!time_index_.empty() && time_index_.back().timestamp >= max_timestamp_) return;
    time_index_.push_back(
        {max_timestamp_, static_cast<std::int32_t>(max_timestamp_offset_ - base_)});
}

Task<Result<void>> LogSegment::append(ByteView batches, std::span<const BatchMeta> metas,
                                      std::int32_t index_interval_bytes) {
    const auto written = co_await log_.write_at(size_, batches);
    if (!written) co_return written;
    for (const BatchMeta& meta : metas) note(meta, index_interval_bytes);
    co_return co_await write_new_index_entries();
}

Task<Result<void>> LogSegment::write_new_index_entries() {
    const auto entries = std::span<const IndexEntry>(index_).subspan(index_written_);
    if (!entries.empty()) {
        const Bytes bytes = encode(entries);
        const auto written =
            co_await index_file_.write_at(index_written_ * kIndexEntryBytes, bytes);
        if (!written) co_return written;
        index_written_ = index_.size();
    }
    const auto times = std::span<const TimeIndexEntry>(time_index_).subspan(time_index_written_);
    if (times.empty()) co_return Result<void>();
    const Bytes bytes = encode(times);
    const auto written =
        co_await time_index_file_.write_at(time_index_written_ * kTimeIndexEntryBytes, bytes);
    if (written) time_index_written_ = time_index_.size();
    co_return written;
}

Task<Result<void>> LogSegment::rewrite_indexes() {
    for (File* const file : {&index_file_, &time_index_file_}) {
        const auto emptied = co_await file->truncate(0);
        if (!emptied) co_return emptied;
    }
    index_written_ = 0;
    time_index_written_ = 0;
    co_return co_await write_new_index_entries();
}

Task<Result<void>> LogSegment::finish() {
    add_time_entry();
    auto outcome = co_await write_new_index_entries();
    for (File* const file : {&log_, &index_file_, &time_index_file_}) {
        if (!outcome) co_return outcome;
        outcome = co_await file->sync(SyncScope::kAll);
    }
    co_return outcome;
}

Task<Result<void>> LogSegment::close() {
    Result<void> outcome;
    for (File* const file : {&log_, &index_file_, &time_index_file_}) {
        if (!file->is_open()) continue;
        const auto closed = co_await file->close();
        if (!closed) outcome = closed;
    }
    co_return outcome;
}

std::uint64_t LogSegment::position_before(Offset offset) const {
    const auto relative = offset - base_;
    const auto after = std::upper_bound(index_.begin(), index_.end(), relative,
                                        [](std::int64_t wanted, const IndexEntry& entry) {
                                            return wanted < entry.relative_offset;
                                        });
    return after == index_.begin() ? 0 : static_cast<std::uint64_t>(std::prev(after)->position);
}

std::uint64_t LogSegment::position_before_time(TimestampMs target) const {
    const auto first = std::lower_bound(
        time_index_.begin(), time_index_.end(), target,
        [](const TimeIndexEntry& entry, TimestampMs wanted) { return entry.timestamp < wanted; });
    if (first == time_index_.begin()) return 0;
    return position_before(base_ + std::prev(first)->relative_offset);
}

}  // namespace millrace
