#include "tests/sim/ledger.hpp"

#include "core/storage/record_batch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::sim {

bool Ledger::add_batch(Partition partition, std::uint32_t crc, int producer, int number) {
    return partitions_[static_cast<std::size_t>(partition)]
        .batches.emplace(crc, Batch{producer, number, 0})
        .second;
}

void Ledger::note_attempt(Partition partition, std::uint32_t crc) {
    ++partitions_[static_cast<std::size_t>(partition)].batches.at(crc).attempts;
}

void Ledger::learn(Partition partition, std::int64_t base, std::int64_t last, std::uint32_t crc) {
    auto& known = partitions_[static_cast<std::size_t>(partition)].at;
    const auto [at, is_new] = known.emplace(base, Known{crc, last});
    if (!is_new && at->second.crc != crc) {
        complain(fmt::format("partition {}: offset {} had batch {:08x} and has {:08x}", partition,
                             base, at->second.crc, crc));
    }
    at->second.last = std::max(at->second.last, last);
    if (at != known.begin() && std::prev(at)->second.last >= base) {
        complain(
            fmt::format("partition {}: offset {} is inside an earlier batch", partition, base));
    }
}

void Ledger::note_acknowledged(Partition partition, Offset base, Offset last, std::uint32_t crc) {
    ++acknowledged_;
    learn(partition, base.value, last.value, crc);
}

void Ledger::note_seen(Partition partition, Offset wanted, ByteView batches) {
    bool first = true;
    std::int64_t next = wanted.value;
    while (!batches.empty()) {
        const auto batch = parse_batch(batches);
        if (!batch || !batch->crc_holds()) {
            return complain(
                fmt::format("partition {}: a damaged batch is shown at {}", partition, next));
        }
        const std::int64_t base = batch->base_offset().value;
        const std::int64_t last = batch->last_offset().value;
        const bool fits = first ? base <= next && next <= last : base == next;
        if (!fits) {
            complain(
                fmt::format("partition {}: {} is shown where {} was due", partition, base, next));
        }
        if (!partitions_[static_cast<std::size_t>(partition)].batches.contains(batch->crc())) {
            complain(fmt::format("partition {}: nobody sent what is shown at {}", partition, base));
        }
        learn(partition, base, last, batch->crc());
        first = false;
        next = last + 1;
        batches = batches.subspan(batch->size_in_bytes());
    }
}

void Ledger::note_start(Partition partition, Offset log_end, bool may_lose) {
    auto& known = partitions_[static_cast<std::size_t>(partition)].at;
    const auto lost = known.lower_bound(log_end.value);
    if (lost == known.end()) return;
    if (!may_lose) {
        complain(fmt::format("partition {}: starts with end {}, but {} was told or shown",
                             partition, log_end.value, known.rbegin()->first));
    }
    known.erase(lost, known.end());
}

std::int64_t Ledger::known_end(Partition partition) const {
    const auto& known = partitions_[static_cast<std::size_t>(partition)].at;
    return known.empty() ? 0 : known.rbegin()->second.last + 1;
}

void Ledger::note_deletion_asked(Partition partition, Offset to) {
    PerPartition& mine = partitions_[static_cast<std::size_t>(partition)];
    mine.asked = std::max(mine.asked, to);
}

void Ledger::note_deleted(Partition partition, Offset to) {
    PerPartition& mine = partitions_[static_cast<std::size_t>(partition)];
    mine.deleted = std::max(mine.deleted, to);
    note_begin(partition, to, to);
}

Offset Ledger::deleted(Partition partition) const { return of(partition).deleted; }

void Ledger::note_rot() {
    for (PerPartition& each : partitions_) each.deleted = Offset{0};
    kept_bytes_ = std::min<std::int64_t>(kept_bytes_, 0);
}

void Ledger::note_begin(Partition partition, Offset begin, Offset deleted) {
    if (begin < deleted) {
        complain(fmt::format("partition {}: begins at {}, and all below {} was deleted", partition,
                             begin.value, deleted.value));
    }
    if (kept_bytes_ < 0 && begin > of(partition).asked) {
        complain(fmt::format("partition {}: begins at {}, and nobody asked for more than {} to go",
                             partition, begin.value, of(partition).asked.value));
    }
}

void Ledger::check_whole(Partition partition, Offset begin, ByteView batches) {
    PerPartition& mine = partitions_[static_cast<std::size_t>(partition)];
    if (begin > mine.asked && static_cast<std::int64_t>(batches.size()) < kept_bytes_) {
        complain(fmt::format("partition {}: {} bytes from {} on are left, and {} were to be kept",
                             partition, batches.size(), begin.value, kept_bytes_));
    }
    std::map<std::uint32_t, int> times;
    std::map<int, int> newest;  // by producer
    std::map<std::int64_t, std::uint32_t> there;
    while (!batches.empty()) {
        const RecordBatchView batch(batches);
        const std::uint32_t crc = batch.crc();
        there[batch.base_offset().value] = crc;
        batches = batches.subspan(batch.size_in_bytes());
        const auto sent = mine.batches.find(crc);
        if (sent == mine.batches.end()) continue;  // note_seen has complained
        const Batch& known = sent->second;
        if (++times[crc] > known.attempts) {
            complain(fmt::format("partition {}: batch {:08x} is there {} times, sent {} times",
                                 partition, crc, times[crc], known.attempts));
        }
        if (times[crc] > 1) {
            ++repeats_;
            if (exactly_once_) {
                complain(
                    fmt::format("partition {}: idempotent producer {}'s batch {} is there {} "
                                "times",
                                partition, known.producer, known.number, times[crc]));
            }
            continue;
        }
        const auto [at, is_first] = newest.emplace(known.producer, known.number);
        if (!is_first && at->second >= known.number) {
            complain(fmt::format("partition {}: producer {}'s batch {} comes after {}", partition,
                                 known.producer, known.number, at->second));
        }
        at->second = known.number;
    }
    for (const auto& [base, known] : mine.at) {
        const auto found = there.find(base);
        if (base < begin.value) continue;
        if (found == there.end() || found->second != known.crc) {
            complain(fmt::format("partition {}: batch {:08x} at {} was told or shown and is lost",
                                 partition, known.crc, base));
        }
    }
}

}  // namespace millrace::sim
