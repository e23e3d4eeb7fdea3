// What a recovery that accepts loss keeps of each log, and what it has to tell.
//
// A log keeps what its files hold and then the journal's entries that go on there, each exactly
// behind the one before. From the first that doesn't go on, the log's entries are lost: a log stays
// a prefix of what it was.
#pragma once

#include "core/storage/journal_scan.hpp"
#include "core/storage/log_set.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// What is lost of one log.
struct Loss {
    /// The folder's name; of a log whose name is lost too, which log of which journal.
    std::string log;
    /// The offsets from `from` to below `to` are known to be gone; none when both are equal.
    Offset from;
    Offset to;
    /// And nobody knows how many from `to` on.
    bool maybe_more{};

    bool operator==(const Loss&) const = default;
};

using LossReport = std::vector<Loss>;

/// A line for an operator.
std::string describe(const Loss& loss);

/// What one journal's entries made of the logs, and what they name besides.
class LossTally {
public:
    explicit LossTally(std::uint32_t journal, const JournalScan& scan);

    /// The log takes the entry, has it already, or loses it.
    void apply(Lsn lsn, const AppendEntry& entry, PartitionLog& log);
    /// An entry of a log that nothing binds to a folder.
    void note_nameless(const AppendEntry& entry);

    bool binds(const BoundName& name) const { return ids_.contains(name); }
    bool has_holes() const { return last_hole_end_ > 0; }
    /// Where the journal's entries and checkpoints say that the log ended, at least.
    Offset named_end(const BoundName& name) const;
    /// Something may be missing that nothing here names.
    bool may_hide(const BoundName& name) const;
    LossReport nameless() const;

private:
    /// What is told of one log.
    struct Told {
        Offset first{-1};  // of what is lost
        Offset end{-1};
        bool broken{};      // an entry did not go on where the log ended
        bool to_the_end{};  // there is an entry behind the last hole
        bool uncounted{};   // the last of what is lost is a piece that tells no offset
        Offset piece_base;  // a batch in pieces, as far as they follow each other
        std::uint64_t piece_end{};
        Bytes piece;
    };

    static void note_lost(Told& told, const AppendEntry& entry);
    static bool note_batches(Told& told, ByteView bytes);

    const std::uint32_t journal_;
    const Lsn last_hole_end_;
    std::map<BoundName, LogId> ids_;
    std::map<LogId, Told> told_;
    std::map<LogId, Told> nameless_;
};

/// What the logs of a directory have lost, all of whose open journals have been applied. What was
/// below a log's start, as `starts` have it, is deleted, and not lost.
LossReport report_losses(const LogSet& set, const std::map<TopicPartition, Offset>& starts,
                         const std::vector<LossTally>& tallies);

}  // namespace millrace
