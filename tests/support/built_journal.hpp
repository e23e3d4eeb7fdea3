// A journal that a test builds frame by frame, and can let rot, as a broker that died would have
// left it.
#pragma once

#include "core/storage/journal_files.hpp"
#include "tests/support/batches.hpp"

#include <fstream>
#include <string>
#include <vector>

namespace millrace {

/// A log as the broker that wrote the journal knew it.
struct KnownLog {
    KnownLog(std::string name, LogId number) : folder(std::move(name)), id(number) {}

    std::string folder;
    LogId id;
    Bytes bytes;
    Offset end;
    std::vector<std::pair<std::size_t, Offset>> ends;  // behind each batch
};

/// A journal in the making: a row of files that is written out at the end.
class BuiltJournal {
public:
    static constexpr std::uint64_t kFileBytes = 64 << 10;

    struct Place {
        std::uint64_t file;
        std::size_t offset;  // in the file
        std::size_t size;
        Lsn lsn;
    };

    explicit BuiltJournal(std::uint32_t index = 0)
        : index_(index), builder_(kJournalId, kFileBytes / 4) {}

    /// Goes on in a fresh file.
    void begin_file() {
        JournalFileHeader header;
        header.journal_id = kJournalId;
        header.sequence = files_.size() + 10;
        header.start = next_;
        header.life = kLife;
        header.former_end = files_.empty() ? next_ : 0;
        header.file_bytes = kFileBytes;
        const AlignedBytes block = encode_journal_header(header);
        files_.emplace_back(block.bytes().begin(), block.bytes().end());
    }

    /// Seals what was added to builder() since the last frame.
    Place frame() {
        const ByteView sealed = builder_.seal(next_, kLife, next_);
        const Place place{files_.size() - 1, files_.back().size(), sealed.size(), next_};
        append_bytes(files_.back(), sealed);
        next_ += sealed.size();
        builder_.begin();
        return place;
    }

    void start(Lsn lsn) {
        next_ = lsn;
        builder_.begin();
        begin_file();
    }
    /// No room for two small frames.
    bool is_full() const { return files_.back().size() + 2 * kJournalBlock > kFileBytes; }
    FrameBuilder& builder() { return builder_; }
    Lsn next() const { return next_; }

    /// As if all of these were filled and synced.
    template <class... Logs>
    Place checkpoint(Lsn begin, const Logs&... logs) {
        CheckpointEntry entry{begin, 0, true, {}};
        (builder_.add_binding({logs.id, Uuid{}, logs.folder}), ...);
        (entry.lines.push_back({logs.id, {Offset{0}, logs.bytes.size(), logs.end}}), ...);
        builder_.add_checkpoint(entry);
        return frame();
    }

    /// One frame with one batch; the log's first one binds it.
    Place append(KnownLog& log, std::int32_t records) {
        if (log.bytes.empty()) builder_.add_binding({log.id, Uuid{}, log.folder});
        add_batch(log, records);
        return frame();
    }

    void add_batch(KnownLog& log, std::int32_t records) {
        const Bytes batch = next_batch(log, {.records = records});
        const MutableBytes into =
            builder_.add_append(log.id, Offset{0}, log.bytes.size() - batch.size(), batch.size());
        std::copy(batch.begin(), batch.end(), into.begin());
    }

    /// One record that takes several frames.
    std::vector<Place> append_in_pieces(KnownLog& log, std::size_t value_bytes) {
        const std::size_t begin = log.bytes.size();
        const Bytes batch = next_batch(log, {.value_bytes = value_bytes});
        std::vector<Place> places;
        for (std::size_t done = 0; done < batch.size();) {
            const std::size_t size = std::min(batch.size() - done, builder_.append_room());
            const MutableBytes into = builder_.add_append(log.id, Offset{0}, begin + done, size);
            std::copy_n(batch.begin() + static_cast<std::ptrdiff_t>(done), size, into.begin());
            done += size;
            places.push_back(frame());
        }
        return places;
    }

    void write(const std::string& folder) {
        for (std::size_t i = 0; i < files_.size(); ++i) {
            files_[i].resize(kFileBytes);
            std::ofstream out(path(folder, i), std::ios::binary);
            out.write(reinterpret_cast<const char*>(files_[i].data()),
                      static_cast<std::streamsize>(files_[i].size()));
        }
    }

    std::string path(const std::string& folder, std::uint64_t file) const {
        return folder + "/" + journal_file_name(index_, file);
    }

    void rot(const Place& place) {
        files_[place.file][place.offset + kFrameHeaderBytes + 5] ^= std::byte{1};
    }
    void rot_header(std::uint64_t file) { files_[file][20] ^= std::byte{1}; }

private:
    static constexpr std::uint64_t kJournalId = 4711;
    static constexpr std::uint32_t kLife = 3;

    static Bytes next_batch(KnownLog& log, BatchRecipe recipe) {
        recipe.base_timestamp = 1000 + log.end.value;
        Bytes batch = make_batch(recipe);
        assign_offset_and_epoch(batch, log.end, LeaderEpoch{0});
        append_bytes(log.bytes, batch);
        log.end = RecordBatchView(batch).last_offset() + 1;
        log.ends.emplace_back(log.bytes.size(), log.end);
        return batch;
    }

    const std::uint32_t index_;
    FrameBuilder builder_;
    std::vector<Bytes> files_;
    Lsn next_{};
};

}  // namespace millrace
