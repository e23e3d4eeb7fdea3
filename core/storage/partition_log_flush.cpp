// flush.messages and flush.ms of a PartitionLog, for whoever runs with durability=os: what they ask
// for is a sync of the journal, which takes all other logs along. With durability=flush every
// acknowledged batch is on stable storage anyway.
//
// As in Kafka, the batch that makes it flush.messages is acknowledged behind the flush, and those
// before it were when they were written.
#include "core/storage/partition_log.hpp"

#include <algorithm>

namespace millrace {

bool PartitionLog::must_flush() const {
    return config_.durability == Durability::kOs &&
           written_end_ - flushed_end_ >= topic_.flush_messages;
}

void PartitionLog::move_durable_end(Offset end, Cursor at) {
    if (durable_end_ >= end) return;
    durable_end_ = end;
    durable_end_at_ = at;
    durable_waiters_.wake_through(durable_end_.value);
    for (LogWatch& watch : watches_) watch.moved();
}

/// What is written meanwhile waits for the next round, or for none.
Task<> PartitionLog::flush_written() {
    while (!failed_ && must_flush()) {
        const Offset end = written_end_;
        const Cursor at = written_end_at_;
        const auto flushed = co_await shared_.journal->make_stable(durable_lsn_);
        if (!flushed) break;
        flushed_end_ = std::max(flushed_end_, end);
        flushed_at_ = world_.now();
        move_durable_end(end, at);
    }
    flushing_ = false;
    if (!failed_ && !must_flush()) move_durable_end(written_end_, written_end_at_);
}

bool PartitionLog::is_flush_due() const {
    if (written_end_ == flushed_end_ || topic_.flush_ms == TopicConfig::kUnlimited) return false;
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(world_.now() - flushed_at_);
    return passed.count() >= topic_.flush_ms;
}

void PartitionLog::on_flushed() {
    flushed_end_ = std::max(flushed_end_, flush_mark_);
    flushed_at_ = world_.now();
}

}  // namespace millrace
