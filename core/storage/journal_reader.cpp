#include "core/storage/journal_reader.hpp"

#include <algorithm>
#include <utility>

namespace millrace {

Task<Result<LoadedJournal>> load_journal_file(World& world, const JournalOptions& options,
                                              std::uint64_t number, std::uint64_t bytes_max) {
    LoadedJournal loaded;
    const std::string path = options.folder + "/" + journal_file_name(options.index, number);
    auto file = co_await open_journal_file(world, path, OpenMode::kRead, options.direct);
    if (!file) co_return file.error();
    Result<void> outcome;
    const auto size = co_await file->size();
    if (!size) outcome = size.error();
    if (outcome) {
        const auto whole = std::max<std::uint64_t>(round_up(*size, kJournalBlock), kJournalBlock);
        loaded.memory = AlignedBytes(std::min(whole, bytes_max));
        loaded.memory.zero();
        // What is less than a block at the end is torn, and direct reads can't go on behind it.
        const auto readable =
            std::min<std::uint64_t>(round_down(*size, kJournalBlock), loaded.memory.bytes().size());
        const auto read = co_await file->read_some_at(0, loaded.memory.bytes().first(readable));
        if (!read) outcome = read.error();
    }
    const auto closed = co_await file->close();
    if (!outcome) co_return outcome.error();
    if (!closed) co_return closed.error();
    const auto header = decode_journal_header(ByteView(loaded.memory.bytes()).first(kJournalBlock));
    if (header) loaded.header = *header;
    co_return loaded;
}

std::optional<FrameView> JournalFrames::next() {
    for (Lsn at = position_; at < end_ && at - header_.start < frames_.size();
         at += kJournalBlock) {
        const auto frame = parse_frame(frames_.subspan(at - header_.start), header_.journal_id);
        if (!frame || frame->lsn != at || frame->life != header_.life) continue;
        position_ = at + frame->size;
        return *frame;
    }
    return std::nullopt;
}

std::optional<JournalFileHeader> infer_journal_header(ByteView frames, std::uint64_t journal_id) {
    std::optional<JournalFileHeader> found;
    for (Lsn at = 0; at < frames.size(); at += kJournalBlock) {
        const auto frame = parse_frame(frames.subspan(at), journal_id);
        if (!frame || frame->lsn < at) continue;
        const Lsn start = frame->lsn - at;
        const bool later =
            !found || std::pair(frame->life, start) > std::pair(found->life, found->start);
        if (later) found = {.journal_id = journal_id, .start = start, .life = frame->life};
    }
    return found;
}

bool is_all_zero(ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](std::byte each) { return each == std::byte{0}; });
}

}  // namespace millrace
