#include "core/storage/losses.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

std::string describe(const Loss& loss) {
    const std::int64_t from = loss.from.value;
    const std::int64_t last = loss.to.value - 1;
    if (!loss.maybe_more) return fmt::format("lost: {} offsets {} to {}", loss.log, from, last);
    if (loss.from == loss.to) {
        return fmt::format("lost: {} may have lost an unknown number from offset {} on", loss.log,
                           from);
    }
    return fmt::format("lost: {} offsets {} to {}, and maybe an unknown number behind", loss.log,
                       from, last);
}

LossTally::LossTally(std::uint32_t journal, const JournalScan& scan)
    : journal_(journal), last_hole_end_(scan.last_hole_end()) {
    for (const auto& [id, bound] : scan.bindings) {
        ids_[{bound.folder, bound.topic_id}] = id;
        const auto end = scan.named_ends.find(id);
        if (end != scan.named_ends.end()) told_[id].end = end->second;
    }
}

void LossTally::apply(Lsn lsn, const AppendEntry& entry, PartitionLog& log) {
    Told& told = told_[entry.log];
    if (lsn >= last_hole_end_) told.to_the_end = true;
    if (!told.broken && log.replay_rest(entry.segment_base, entry.position, entry.bytes)) return;
    told.broken = true;
    note_lost(told, entry);
}

void LossTally::note_nameless(const AppendEntry& entry) { note_lost(nameless_[entry.log], entry); }

/// An entry holds whole batches, or a piece of one that counts when all of it is there. What only
/// looks like a batch, in the middle of a piece, has no checksum that holds.
void LossTally::note_lost(Told& told, const AppendEntry& entry) {
    told.uncounted = true;
    if (note_batches(told, entry.bytes)) return;
    const bool goes_on = !told.piece.empty() && told.piece_base == entry.segment_base &&
                         told.piece_end == entry.position;
    if (!goes_on) told.piece.clear();
    append_bytes(told.piece, entry.bytes);
    told.piece_base = entry.segment_base;
    told.piece_end = entry.position + entry.bytes.size();
    const auto begins = parse_batch(told.piece);
    const bool incomplete = !begins && begins.error() == make_error_code(Errc::kEndOfStream);
    if (note_batches(told, told.piece) || !incomplete) told.piece.clear();
}

/// False when they are not whole batches.
bool LossTally::note_batches(Told& told, ByteView bytes) {
    Offset first{-1};
    Offset end{-1};
    while (!bytes.empty()) {
        const auto batch = parse_batch(bytes);
        if (!batch || !batch->crc_holds()) return false;
        if (first.value < 0) first = batch->base_offset();
        end = batch->last_offset() + 1;
        bytes = bytes.subspan(batch->size_in_bytes());
    }
    if (told.first.value < 0) told.first = first;
    told.end = std::max(told.end, end);
    told.uncounted = false;
    return true;
}

Offset LossTally::named_end(const BoundName& name) const {
    const auto id = ids_.find(name);
    const auto told = id == ids_.end() ? told_.end() : told_.find(id->second);
    return told == told_.end() ? Offset{0} : told->second.end;
}

bool LossTally::may_hide(const BoundName& name) const {
    const auto id = ids_.find(name);
    const auto told = id == ids_.end() ? told_.end() : told_.find(id->second);
    if (told == told_.end()) return has_holes();
    return told->second.uncounted || (has_holes() && !told->second.to_the_end);
}

LossReport LossTally::nameless() const {
    LossReport report;
    for (const auto& [id, told] : nameless_) {
        // Where not even one offset is told, the segment's name says where they begin.
        const Offset first = told.first.value < 0 ? told.piece_base : told.first;
        const std::string log =
            fmt::format("log {} of journal {}, whose name is lost,", id, journal_);
        report.push_back({log, first, std::max(first, told.end), told.uncounted});
    }
    return report;
}

LossReport report_losses(const LogSet& set, const std::map<TopicPartition, Offset>& starts,
                         const std::vector<LossTally>& tallies) {
    LossReport report;
    for (const auto& [name, log] : set.logs) {
        const BoundName bound_name(name.folder(), log->topic_id());
        // A log has entries in one journal only; of one that no journal names, any may have lost
        // the name.
        const bool bound = std::any_of(tallies.begin(), tallies.end(), [&](const LossTally& each) {
            return each.binds(bound_name);
        });
        const auto start = starts.find(name);
        const Offset deleted = start == starts.end() ? Offset{0} : start->second;
        const Offset kept = std::max(log->log_end_offset(), deleted);
        Loss loss{name.folder(), kept, kept, false};
        for (const LossTally& each : tallies) {
            if (bound && !each.binds(bound_name)) continue;
            loss.to = std::max(loss.to, each.named_end(bound_name));
            loss.maybe_more = loss.maybe_more || each.may_hide(bound_name);
        }
        if (loss.from < loss.to || loss.maybe_more) report.push_back(std::move(loss));
    }
    for (const LossTally& each : tallies) {
        LossReport nameless = each.nameless();
        report.insert(report.end(), nameless.begin(), nameless.end());
    }
    return report;
}

}  // namespace millrace
