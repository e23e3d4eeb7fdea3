#include "core/storage/log_segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

namespace millrace {
namespace {

// What a walk reads at once; larger batches are read whole.
constexpr std::size_t kWalkBytes = 1 << 20;
// A batch length beyond this is damage: socket.request.max.bytes bounds what can have come in.
constexpr std::size_t kBatchBytesMax = 1 << 30;
// A new segment takes a block for each of its indexes, and its names may take one of the folder's.
constexpr std::uint64_t kSmallFilesBytes = 3 * kBlockBytes;
constexpr std::size_t kIndexBytesMax = 256 << 20;

}  // namespace

std::string segment_file_name(Offset base, std::string_view suffix) {
    return fmt::format("{:020}{}", base.value, suffix);
}

LogSegment::LogSegment(World& world, std::string folder, Offset base, SegmentConfig config)
    : world_(world),
      folder_(std::move(folder)),
      base_(base),
      name_end_(config.name_end),
      file_(world, path(".log"), config.engine, config.bytes_max),
      index_(base, config.index_interval_bytes),
      cache_(config.cache),
      tail_(std::move(config.cache)),
      next_offset_(base),
      created_ms_(world.wall_clock_ms()),
      modified_ms_(created_ms_),
      jitter_ms_(config.jitter_ms),
      gate_(world) {}

std::string LogSegment::path(std::string_view suffix) const {
    return folder_ + "/" + segment_file_name(base_, suffix) + std::string(name_end_);
}

Task<Result<std::unique_ptr<LogSegment>>> LogSegment::open(World& world, std::string folder,
                                                           Offset base, SegmentConfig config,
                                                           Trust trust) {
    auto segment = std::make_unique<LogSegment>(world, folder, base, config);
    const auto loaded = co_await segment->load(trust, std::nullopt);
    if (loaded) co_return segment;
    (void)co_await segment->close();
    co_return loaded.error();
}

Task<Result<std::unique_ptr<LogSegment>>> LogSegment::open_cut(World& world, std::string folder,
                                                               Offset base, SegmentConfig config,
                                                               std::uint64_t size) {
    auto segment = std::make_unique<LogSegment>(world, folder, base, config);
    const auto loaded = co_await segment->load(Trust::kAll, size);
    if (loaded) co_return segment;
    (void)co_await segment->close();
    co_return loaded.error();
}

Task<Result<void>> LogSegment::load(Trust trust, std::optional<std::uint64_t> cut_to) {
    const auto opened = co_await file_.open(OpenMode::kCreate);
    if (!opened) co_return opened;
    const auto status = co_await file_.status();
    if (!status) co_return status.error();
    modified_ms_ = status->modified_ms;
    std::uint64_t file_size = status->size;
    if (cut_to) {
        // Synced bytes that are not there: the file was changed by somebody else, or is damaged.
        if (*cut_to > file_size) co_return Errc::kDamaged;
        const auto cut = *cut_to < file_size ? co_await file_.trim(*cut_to) : Result<void>();
        if (!cut) co_return cut;
        file_size = *cut_to;
    }
    // What a process that died had not synced reads as if it were, until the power goes.
    if (cut_to || trust == Trust::kNothing) file_.mark_synced(false);
    if (trust == Trust::kNothing) {
        const auto forgotten = co_await file_.forget_cached();
        if (!forgotten) co_return forgotten;
    }
    if (trust == Trust::kAll) {
        const auto indexed = co_await load_indexes(file_size);
        if (!indexed) co_return indexed;
    }
    auto walked = co_await walk(index_.last_position(), file_size, trust == Trust::kNothing);
    if (walked && filled_ < file_size && index_.last_position() > 0) {
        // An index that was never synced may point anywhere after a power loss.
        index_.clear();
        epoch_starts_.clear();
        next_offset_ = base_;
        walked = co_await walk(0, file_size, trust == Trust::kNothing);
    }
    if (!walked) co_return walked;
    co_return co_await finish_load(file_size, trust, cut_to.has_value());
}

Task<Result<void>> LogSegment::finish_load(std::uint64_t file_size, Trust trust, bool cut) {
    was_cut_ = filled_ < file_size;
    if (was_cut_ && trust == Trust::kAll) co_return cut ? Errc::kDamaged : Errc::kCorruptBatch;
    if (was_cut_) {
        const auto trimmed = co_await file_.trim(filled_);
        if (!trimmed) co_return trimmed;
    }
    if (trust == Trust::kNothing) {
        const auto emptied = co_await empty_indexes();
        if (!emptied) co_return emptied;
        const auto written = co_await write_indexes(true);
        if (!written) co_return written;
    }
    AlignedBytes block(kBlockBytes);
    const std::size_t rest = filled_ % kBlockBytes;
    if (rest > 0) {
        const auto read = co_await file_.read_blocks(filled_ - rest, block.bytes());
        if (!read) co_return read.error();
        if (*read < rest) co_return Errc::kEndOfStream;
    }
    tail_.start_behind(filled_, block.bytes().first(rest));
    co_return Result<void>();
}

Task<Result<void>> LogSegment::look_at_first_batch() {
    if (size() == 0) co_return Result<void>();
    const auto header = co_await read(0, kBatchHeaderBytes);
    if (!header) co_return header.error();
    if (header->bytes.size() < kBatchHeaderBytes) co_return Errc::kEndOfStream;
    index_.set_first_timestamp(RecordBatchView(header->bytes).max_timestamp());
    co_return Result<void>();
}

Task<Result<void>> LogSegment::load_indexes(std::uint64_t size) {
    std::string contents[2];
    const char* const suffixes[2] = {".index", ".timeindex"};
    for (int i = 0; i < 2; ++i) {
        const std::string file = path(suffixes[i]);
        auto content = co_await read_small_file(world_, file, kIndexBytesMax);
        if (content) {
            contents[i] = std::move(*content);
        } else if (content.error() != system_error(ENOENT)) {
            co_return content.error();
        }
    }
    // No batch of the log is longer than its file, so no offset lies further off than that.
    const Offset end = base_ + std::numeric_limits<std::int32_t>::max();
    index_.load(as_bytes(contents[0]), as_bytes(contents[1]), size, end);
    co_return Result<void>();
}

Task<Result<void>> LogSegment::walk(std::uint64_t position, std::uint64_t file_size, bool verify) {
    filled_ = position;
    std::size_t wanted = kWalkBytes;
    while (filled_ < file_size) {
        const auto window_begin = round_down(filled_, kBlockBytes);
        const auto window_size = std::min<std::uint64_t>(wanted, file_size - window_begin);
        AlignedBytes memory(round_up(window_size, kBlockBytes));
        const auto count = co_await file_.read_blocks(window_begin, memory.bytes());
        if (!count) co_return count.error();
        const auto usable = std::min<std::uint64_t>(*count, file_size - window_begin);
        ByteView rest = ByteView(memory.bytes()).first(usable).subspan(filled_ - window_begin);
        const std::size_t before = rest.size();
        bool damaged = false;
        for (;;) {
            const auto batch = parse_batch(rest);
            if (!batch) damaged = batch.error() != make_error_code(Errc::kEndOfStream);
            if (!batch) break;
            damaged = verify && (batch->base_offset() < next_offset_ || !batch->crc_holds());
            if (damaged) break;
            note(BatchMeta(*batch), filled_);
            filled_ += batch->size_in_bytes();
            rest = rest.subspan(batch->size_in_bytes());
        }
        const bool moved = rest.size() < before;
        const bool whole_file = window_begin + usable >= file_size;
        if (damaged || (!moved && (whole_file || wanted > kBatchBytesMax))) break;
        if (whole_file && rest.size() > 0 && moved) break;
        wanted = moved ? kWalkBytes : wanted * 2;
    }
    co_return Result<void>();
}

void LogSegment::note(const BatchMeta& meta, std::uint64_t position) {
    if (epoch_starts_.empty() || epoch_starts_.back().epoch < meta.epoch) {
        epoch_starts_.push_back(meta);
    }
    index_.note(meta, position);
    next_offset_ = meta.last + 1;
}

void LogSegment::append(ByteView batch, const BatchMeta& meta) {
    index_.note(meta, tail_.end());
    next_offset_ = meta.last + 1;
    if (index_.max_timestamp() < 0) modified_ms_ = world_.wall_clock_ms();
    tail_.append(batch);
}

std::uint64_t LogSegment::growth_wanted() const {
    const std::uint64_t wanted = round_up(size(), kBlockBytes);
    const std::uint64_t room = file_.room_end();
    return (wanted > room ? wanted - room : 0) + (has_files() ? 0 : kSmallFilesBytes);
}

std::uint64_t LogSegment::growth_max(std::size_t bytes) {
    return round_up(bytes, kBlockBytes) + kBlockBytes + kSmallFilesBytes;
}

Task<Result<void>> LogSegment::fill(std::uint64_t to, bool whole_blocks, bool ahead) {
    const std::uint64_t target = whole_blocks ? round_down(to, kBlockBytes) : to;
    if (!file_.is_open()) {
        // Emptied, not refused: a start that died may have left such a file.
        const auto opened = co_await file_.open(OpenMode::kTruncate);
        if (!opened) co_return opened;
        const auto emptied = co_await empty_indexes();
        if (!emptied) {
            // Else the next try would find a file, and take the rest for done.
            (void)co_await file_.close();
            co_return emptied;
        }
    }
    if (target <= filled_) co_return Result<void>();
    const auto grown = co_await file_.grow(target, ahead);
    if (!grown) co_return grown;
    // The unfinished block goes from memory of its own: appends change the tail's meanwhile.
    const std::size_t rest = target % kBlockBytes;
    AlignedBytes block(kBlockBytes);
    block.zero();
    if (rest > 0) tail_.copy(target - rest, block.bytes().first(rest));
    const std::size_t rest_bytes =
        rest > 0 && file_.engine() == SegmentEngine::kDirectIo ? kBlockBytes : rest;
    std::vector<iovec> blocks = tail_.full_blocks(filled_, target);
    const auto written = co_await file_.write(round_down(filled_, kBlockBytes), std::move(blocks),
                                              block.bytes().first(rest_bytes));
    if (!written) co_return written;
    filled_ = target;
    tail_.drop_before(filled_);
    // Many partitions with a little each would hold more than the cache is allowed.
    if (filled_ == size() && cache_->is_tight()) tail_.shrink();
    co_return Result<void>();
}

Task<Result<void>> LogSegment::trim() {
    expect_equal(filled_, size(), "a segment with unfilled bytes is trimmed");
    const auto trimmed = co_await file_.trim(filled_);
    if (!trimmed) co_return trimmed;
    if (filled_ == size()) tail_.shrink();
    co_return Result<void>();
}

Task<Result<void>> LogSegment::write_indexes(bool sync) {
    if (!index_.has_unwritten(filled_)) co_return Result<void>();
    auto offsets = index_.take_offsets(filled_);
    const std::uint64_t first_offset = offsets.position;
    auto written = co_await write_index(".index", std::move(offsets), sync);
    if (!written) {
        index_.give_back_offsets(first_offset);
        co_return written;
    }
    auto timestamps = index_.take_timestamps(filled_);
    const std::uint64_t first_timestamp = timestamps.position;
    written = co_await write_index(".timeindex", std::move(timestamps), sync);
    if (!written) index_.give_back_timestamps(first_timestamp);
    co_return written;
}

Task<Result<void>> LogSegment::write_index(std::string_view suffix, SegmentIndex::Addition addition,
                                           bool sync) {
    if (addition.bytes.empty()) co_return Result<void>();
    const std::string file_path = path(suffix);
    auto file = co_await File::open(world_, file_path, OpenMode::kCreate);
    if (!file) co_return file.error();
    // What lies behind the believed entries goes: it may be what a crash left.
    auto outcome = co_await file->truncate(addition.position);
    if (outcome) outcome = co_await file->write_small_at(addition.position, addition.bytes);
    if (outcome && sync) outcome = co_await file->sync(SyncScope::kData);
    const auto closed = co_await file->close();
    co_return outcome ? closed : outcome;
}

Task<Result<void>> LogSegment::empty_indexes() {
    for (const char* const suffix : {".index", ".timeindex"}) {
        const std::string file_path = path(suffix);
        auto file = co_await File::open(world_, file_path, OpenMode::kTruncate);
        if (!file) co_return file.error();
        const auto closed = co_await file->close();
        if (!closed) co_return closed;
    }
    co_return Result<void>();
}

Task<Result<void>> LogSegment::seal() {
    index_.close(size());
    const auto trimmed = co_await trim();
    if (!trimmed) co_return trimmed;
    const auto written = co_await write_indexes(false);
    if (!written) co_return written;
    tail_.start_behind(filled_, {});
    co_return co_await file_.seal();
}

Task<Result<void>> LogSegment::close() {
    co_await gate_.close();
    co_return co_await file_.close();
}

Task<Result<Window>> LogSegment::read(std::uint64_t position, std::size_t size) {
    const std::uint64_t end = std::min<std::uint64_t>(position + size, this->size());
    if (memory_begin() <= position && position < end) {
        const Part piece = tail_.piece_at(position);
        if (piece.size >= end - position) {
            Window window{piece.owner, piece.memory.first(end - position)};
            co_return window;
        }
    }
    const std::uint64_t begin = round_down(position, kBlockBytes);
    const std::uint64_t file_end = std::min(end, memory_begin());
    const auto memory = std::make_shared<AlignedBytes>(round_up(end - begin, kBlockBytes));
    // Memory first: the tail may be let go of while the file is read.
    if (end > file_end) {
        const std::uint64_t from = std::max(position, file_end);
        tail_.copy(from, memory->bytes().subspan(from - begin, end - from));
    }
    if (position < file_end) {
        const std::size_t wanted = round_up(file_end, kBlockBytes) - begin;
        const auto count = co_await file_.read_blocks(begin, memory->bytes().first(wanted));
        if (!count) co_return count.error();
        if (*count < file_end - begin) co_return Errc::kEndOfStream;
        world_.metrics().delivery.read.add(file_end - position);
    }
    Window window{memory, ByteView(memory->bytes()).subspan(position - begin, end - position)};
    co_return window;
}

std::uint64_t LogSegment::batches_end(std::uint64_t position, std::size_t bytes_max,
                                      Offset end) const {
    const std::uint64_t limit = std::min<std::uint64_t>(position + bytes_max, size());
    std::array<std::byte, kBatchHeaderBytes> header;
    while (position + kBatchHeaderBytes <= limit) {
        tail_.copy(position, header);
        const RecordBatchView batch(header);
        const std::uint64_t next = position + batch.size_in_bytes();
        if (batch.base_offset() >= end || next > limit) break;
        position = next;
    }
    return position;
}

std::uint64_t LogSegment::position_near(Offset offset) const {
    std::uint64_t position = index_.position_before(offset);
    if (position < memory_begin()) return position;
    std::array<std::byte, kBatchHeaderBytes> header;
    while (position + kBatchHeaderBytes <= size()) {
        tail_.copy(position, header);
        const RecordBatchView batch(header);
        if (batch.last_offset() >= offset) break;
        position += batch.size_in_bytes();
    }
    return position;
}

Parts LogSegment::share(std::uint64_t from, std::uint64_t to) const {
    Parts parts;
    tail_.share(from, to, parts);
    world_.metrics().delivery.shared.add(to - from);
    return parts;
}

Parts LogSegment::range(std::uint64_t from, std::uint64_t to, SendMethod method) const {
    Parts parts;
    if (from < to) parts.push_back(Part::in_file(file_.shared(), from, to - from, method));
    return parts;
}

}  // namespace millrace
