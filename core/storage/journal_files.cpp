#include "core/storage/journal_files.hpp"

#include "core/base/parse.hpp"
#include "core/runtime/timer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kZeroBytes = 256 << 10;
// A pause between pieces: 25 MB/s, for what frames don't wait for.
constexpr Duration kZeroPause = std::chrono::milliseconds(10);

}  // namespace

std::uint64_t JournalOptions::file_bytes() const {
    const std::uint64_t share = round_down(bytes / 8, kJournalBlock);
    return std::clamp(share, file_bytes_min, std::max(file_bytes_max, file_bytes_min));
}

std::string journal_file_name(std::uint32_t index, std::uint64_t number) {
    return fmt::format("millrace.journal.{}.{}", index, number);
}

std::optional<std::uint64_t> parse_journal_file_name(std::uint32_t index, std::string_view name) {
    const std::string prefix = fmt::format("millrace.journal.{}.", index);
    if (!name.starts_with(prefix)) return std::nullopt;
    return parse_number<std::uint64_t>(name.substr(prefix.size()));
}

std::optional<std::uint32_t> journal_index_of(std::string_view name) {
    constexpr std::string_view kPrefix = "millrace.journal.";
    if (!name.starts_with(kPrefix)) return std::nullopt;
    const std::string_view rest = name.substr(kPrefix.size());
    const auto index = parse_number<std::uint32_t>(rest.substr(0, rest.find('.')));
    if (!index || !parse_journal_file_name(*index, name)) return std::nullopt;
    return index;
}

Task<Result<File>> open_journal_file(World& world, std::string path, OpenMode mode, bool direct) {
    if (direct) return File::open_direct(world, std::move(path), mode);
    return File::open(world, std::move(path), mode);
}

JournalFiles::JournalFiles(World& world, const JournalOptions& options)
    : world_(world), options_(options), position_(options.file_bytes()) {}

std::string JournalFiles::path(std::uint64_t number) const {
    return options_.folder + "/" + journal_file_name(options_.index, number);
}

void JournalFiles::adopt(std::uint64_t number, const JournalFileHeader& header) {
    next_number_ = std::max(next_number_, number + 1);
    last_sequence_ = std::max(last_sequence_, header.sequence);
    if (header.sequence == 0) {
        set_free({number, header});
    } else {
        in_use_.push_back({number, header});
    }
}

/// Zeros written at full speed would hold up the frames beside them.
bool JournalFiles::may_take_its_time() const {
    return current_.is_open() && !hurried_ && room() > options_.file_bytes() / 2;
}

Task<Result<void>> JournalFiles::write_zeros(File& file) {
    AlignedBytes zeros(kZeroBytes);
    zeros.zero();
    // Into space that is part of the file: a direct write that extends one goes to a worker.
    auto outcome = co_await file.allocate(0, options_.file_bytes());
    // Some filesystems give room to what is written only.
    if (!outcome && outcome.error() == system_error(EOPNOTSUPP)) outcome = {};
    std::uint64_t at = 0;
    while (outcome && at < options_.file_bytes()) {
        const auto size = std::min<std::uint64_t>(kZeroBytes, options_.file_bytes() - at);
        outcome = co_await file.write_at(at, ByteView(zeros.bytes()).first(size));
        at += size;
        if (may_take_its_time()) co_await sleep_for(world_, kZeroPause);
    }
    if (outcome) outcome = co_await file.sync(SyncScope::kAll);
    // Last, so that whoever finds a header may rely on the zeros behind it.
    const AlignedBytes header = encode_journal_header({.file_bytes = options_.file_bytes()});
    if (outcome) outcome = co_await file.write_at(0, header.bytes());
    if (outcome) outcome = co_await file.sync(SyncScope::kData);
    co_return outcome;
}

Task<Result<void>> JournalFiles::prepare() {
    const std::uint64_t number = next_number_++;
    ++preparing_;
    auto file =
        co_await open_journal_file(world_, path(number), OpenMode::kTruncate, options_.direct);
    Result<void> outcome;
    if (file) {
        outcome = co_await write_zeros(*file);
        const auto closed = co_await file->close();
        if (outcome) outcome = closed;
    } else {
        outcome = file.error();
    }
    if (outcome) outcome = co_await sync_folder(world_, options_.folder);
    // Half a file would take up room for nothing.
    if (!outcome) (void)co_await remove_file(world_, path(number));
    --preparing_;
    if (outcome) free_.push_back({number, {}});
    co_return outcome;
}

void JournalFiles::set_free(Slot slot) {
    if (slot.header.file_bytes == options_.file_bytes()) {
        free_.push_back(slot);
    } else {
        unfit_.push_back(slot.number);
    }
}

Task<Result<void>> JournalFiles::remove_unfit() {
    while (!unfit_.empty()) {
        const std::uint64_t number = unfit_.back();
        unfit_.pop_back();
        const auto removed = co_await remove_file(world_, path(number));
        if (!removed) co_return removed;
    }
    co_return Result<void>();
}

Task<Result<DurabilityProbe>> JournalFiles::probe() {
    auto file =
        co_await open_journal_file(world_, path(free_.front().number), OpenMode::kReadWrite, true);
    if (!file) co_return file.error();
    const auto found = co_await probe_durability(world_, *file, kJournalHeaderBytes);
    const auto closed = co_await file->close();
    if (!closed) co_return closed.error();
    if (found) prefers_durable_write_ = found->prefers_durable_write();
    co_return found;
}

Task<Result<FileOrigin>> JournalFiles::begin_next(JournalFileHeader header) {
    Slot slot = free_.front();
    free_.pop_front();
    if (current_.is_open()) {
        const auto synced = co_await sync();
        if (!synced) co_return synced.error();
        const auto closed = co_await current_.close();
        if (!closed) co_return closed.error();
    }
    auto opened = co_await open_journal_file(world_, path(slot.number), OpenMode::kReadWrite,
                                             options_.direct);
    if (!opened) co_return opened.error();
    current_ = std::move(*opened);
    header.sequence = ++last_sequence_;
    header.file_bytes = options_.file_bytes();
    const AlignedBytes block = encode_journal_header(header);
    position_ = 0;
    const auto written = co_await write(block.bytes(), true);
    if (!written) co_return written.error();
    const FileOrigin origin =
        slot.used_in_this_life ? FileOrigin::kUsedInThisLife : FileOrigin::kFresh;
    in_use_.push_back({slot.number, header, true});
    co_return origin;
}

Task<Result<void>> JournalFiles::write(ByteView frame, bool durable, std::int32_t buffer) {
    const std::uint64_t at = position_;
    // A write that persists only itself will do when nothing before it waits for a sync.
    const bool by_itself = durable && options_.direct && prefers_durable_write_ && !unsynced_;
    const auto written = co_await current_.write_whole_at(at, frame, by_itself, buffer);
    if (!written) co_return written;
    position_ = at + frame.size();
    if (by_itself) co_return Result<void>();
    unsynced_ = true;
    if (!durable) co_return Result<void>();
    co_return co_await sync();
}

Task<Result<void>> JournalFiles::sync() {
    if (!unsynced_) co_return Result<void>();
    const auto synced = co_await current_.sync(SyncScope::kData);
    if (synced) unsynced_ = false;
    co_return synced;
}

void JournalFiles::release_before(Lsn lsn) {
    while (in_use_.size() > 1 && in_use_[1].header.start <= lsn) {
        set_free(in_use_.front());
        in_use_.pop_front();
    }
}

Task<Result<void>> JournalFiles::close() {
    if (!current_.is_open()) co_return Result<void>();
    co_return co_await current_.close();
}

}  // namespace millrace
