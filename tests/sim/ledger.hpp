// What everybody was told and shown, held against what is there: the checkers of a run.
//
// A batch is known by its checksum, which covers everything but its offset and epoch.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/types.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace millrace::sim {

class Ledger {
public:
    using Partition = std::int32_t;

    explicit Ledger(std::int32_t partitions) : partitions_(static_cast<std::size_t>(partitions)) {}

    /// A batch that will be sent; false when its checksum is taken already.
    bool add_batch(Partition partition, std::uint32_t crc, int producer, int number);
    void note_attempt(Partition partition, std::uint32_t crc);
    /// The broker has told that the batch lies at `base`; it ends at `last`.
    void note_acknowledged(Partition partition, Offset base, Offset last, std::uint32_t crc);
    /// The broker has shown these batches, the first of them holding `wanted`.
    void note_seen(Partition partition, Offset wanted, ByteView batches);
    /// What a start found. Only with `may_lose` may it be less than what was told and shown; then
    /// that is forgotten.
    void note_start(Partition partition, Offset log_end, bool may_lose);
    /// Behind the last offset that was told or shown.
    std::int64_t known_end(Partition partition) const;
    /// The whole log from `begin` on, read at the end.
    void check_whole(Partition partition, Offset begin, ByteView batches);

    // Deletion. Without it, and with none asked for, a log begins at 0.

    /// Every log keeps at least so many bytes of what was not asked to go; -1: all of it.
    void keep(std::int64_t bytes) { kept_bytes_ = bytes; }
    /// Somebody asks for everything below `to` to go.
    void note_deletion_asked(Partition partition, Offset to);
    /// The broker has told that everything below `to` is gone.
    void note_deleted(Partition partition, Offset to);
    Offset deleted(Partition partition) const;
    /// A journal has rotted: deletions that only it told may be forgotten, and the records that
    /// retention counted on may be among those given up.
    void note_rot();
    /// The broker has told or shown that a log begins there; when it was asked, `deleted` was gone
    /// already.
    void note_begin(Partition partition, Offset begin, Offset deleted);
    /// Every producer is idempotent: no batch may be there twice.
    void expect_exactly_once() { exactly_once_ = true; }

    void complain(std::string what) { violations_.push_back(std::move(what)); }
    const std::vector<std::string>& violations() const { return violations_; }
    std::uint64_t acknowledged() const { return acknowledged_; }
    std::uint64_t repeats() const { return repeats_; }

private:
    struct Batch {
        int producer{};
        int number{};
        int attempts{};
    };
    struct Known {
        std::uint32_t crc;
        std::int64_t last;
    };
    struct PerPartition {
        std::map<std::uint32_t, Batch> batches;
        std::map<std::int64_t, Known> at;  // by base offset, whatever anybody saw
        Offset asked;                      // to go
        Offset deleted;
    };

    void learn(Partition partition, std::int64_t base, std::int64_t last, std::uint32_t crc);

    const PerPartition& of(Partition partition) const {
        return partitions_[static_cast<std::size_t>(partition)];
    }

    std::vector<PerPartition> partitions_;
    std::int64_t kept_bytes_{-1};
    std::vector<std::string> violations_;
    bool exactly_once_{};
    std::uint64_t acknowledged_{};
    std::uint64_t repeats_{};
};

}  // namespace millrace::sim
