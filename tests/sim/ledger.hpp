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
    /// The broker has told that the batch lies at `base`.
    void note_acknowledged(Partition partition, Offset base, std::uint32_t crc);
    /// The broker has shown these batches, the first of them holding `wanted`.
    void note_seen(Partition partition, Offset wanted, ByteView batches);
    /// What a start found. Only with `may_lose` may it be less than what was told and shown; then
    /// that is forgotten.
    void note_start(Partition partition, Offset log_end, bool may_lose);
    /// Behind the last offset that was told or shown.
    std::int64_t known_end(Partition partition) const;
    /// The whole log, read at the end.
    void check_whole(Partition partition, ByteView batches);

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
    };

    void learn(Partition partition, std::int64_t base, std::int64_t last, std::uint32_t crc);

    std::vector<PerPartition> partitions_;
    std::vector<std::string> violations_;
    std::uint64_t acknowledged_{};
    std::uint64_t repeats_{};
};

}  // namespace millrace::sim
