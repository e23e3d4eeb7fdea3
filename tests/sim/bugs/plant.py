"""Plants a bug: writes copies of its sources with one rule of the storage broken. The simulator that is
built with those copies has to find it.

    plant.py --list                  a line for each bug: its name and the sources that it is planted in
    plant.py NAME SOURCE ROOT OUT    that source of bug NAME, read below ROOT, broken, into the file OUT

A bug is text that stands exactly once in its source, and what stands there instead."""

import sys
from pathlib import Path

BUGS = {
    # A frame counts when it is written, though only a durable one may.
    "ack-early": {"core/storage/journal.cpp": [
        ("files_.write(frame, durable,", "files_.write(frame, control,")]},
    # What the next frame has counts when the one before it is written.
    "open-frame-counted": {"core/storage/partition_log_frames.cpp": [
        ("const Framed& counts = sealed_frames();", "const Framed& counts = framed_;")]},
    # A checkpoint lists where logs end in a frame that comes behind it.
    "open-frame-listed": {"core/storage/partition_log_frames.cpp": [
        ("const Framed& sealed = sealed_frames();", "const Framed& sealed = framed_;")]},
    # A replay leaves the last frame out.
    "replay-short": {"core/storage/journal_replay.cpp": [
        ("if (frame->lsn < scan.replay_from) continue;",
         "if (frame->lsn < scan.replay_from || next >= end) continue;")]},
    # The end of the log stays behind now and then.
    "offset-twice": {"core/storage/partition_log.cpp": [
        ("log_end_ = meta.last + 1;",
         "log_end_ = meta.size % 16 == 0 ? meta.last : meta.last + 1;")]},
    # A file is given back when the journal has gone on to the next but one, checkpoint or not.
    "space-early": {"core/storage/journal_files.cpp": [
        ("in_use_.push_back({slot.number, header, true});",
         "in_use_.push_back({slot.number, header, true});"
         " if (in_use_.size() > 2) { set_free(in_use_.front()); in_use_.pop_front(); }")]},
    # A frame is believed for its checksum, whatever use of the file it is from.
    "dead-frame": {"core/storage/journal_reader.cpp": [
        ("if (!frame || frame->lsn != at || frame->life != header_.life) continue;",
         "if (!frame) continue;")],
                   "core/storage/journal_replay.cpp": [
        ("if (frame->lsn != next && scan.damage.empty()) co_return Errc::kDamaged;", "")]},
    # A file is believed up to its end, allocated space and all.
    "zeros-as-data": {"core/storage/log_segment.cpp": [
        ("const auto cut = *cut_to < file_size ? co_await file_.trim(*cut_to) : Result<void>();",
         "const auto cut = Result<void>();"),
        ("file_size = *cut_to;", ""),
        ("was_cut_ = filled_ < file_size;", "was_cut_ = false; filled_ = file_size;")]},
    # A partition that isn't found is made anew, though the directory that holds it can't be used.
    "made-elsewhere": {"cluster/replication/topics_start.cpp": [
        ("if (is_ours && knows_all()) {", "if (is_ours) {")]},
    # A checkpoint forgets where logs begin.
    "start-forgotten": {"core/storage/directory_checkpoint.cpp": [
        ("if (log->has_start_to_tell()) starts.push_back(log.get());", "")]},
    # A replay wants what the journal holds of segments that are deleted.
    "deleted-replayed": {"core/storage/partition_log.cpp": [
        ("if (segment_base < replay_begin_) return {};", "")]},
    # Segments go as soon as there is more than shall stay.
    "keeps-too-little": {"core/storage/partition_log_retention.cpp": [
        ("return bytes >= most + each.size();", "return bytes > most + 0 * each.size();")]},
    # What a replay appends, it doesn't remember the producers of.
    "window-forgotten": {"core/storage/partition_log.cpp": [
        ("producers_.note(RecordBatchView(batch));",
         "if (shared_.journal != nullptr) producers_.note(RecordBatchView(batch));")]},
    # Snapshots know nobody.
    "snapshot-empty": {"core/storage/log_producers.cpp": [
        ("pictures_.push_back({end, reason, format_producers(state_)});",
         "pictures_.push_back({end, reason, format_producers(ProducerState())});")]},
    # A commit is acknowledged when it has its place, on stable storage or not.
    "commit-early": {"cluster/groups/group_coordinator.cpp": [
        ("if (!durable) co_return durable.error();",
         "if (!durable && durable.error() != make_error_code(Errc::kTimedOut)) co_return durable.error();"),
        ("log->wait_durable(appended->last_offset + 1, deadline);",
         "log->wait_durable(appended->last_offset + 1, world_.now());")]},
    # What a start reads of a group it doesn't believe.
    "commit-forgotten": {"cluster/groups/coordinator_load.cpp": [
        ("group.offsets.put(key, std::move(*record.value));",
         "if (record.partition != 3) group.offsets.put(key, std::move(*record.value));")]},
    # A member's share is everybody's.
    "two-owners": {"cluster/groups/group_syncing.cpp": [
        ("store.assignments.emplace(each.id, has_one ? std::move(share->second) : Bytes());",
         "store.assignments.emplace(each.id, has_one ? Bytes(wish.assignments.begin()->second) : Bytes());")]},
    # Whatever generation a member believes in is good.
    "stale-generation": {"cluster/groups/group.cpp": [
        ("return who.generation == generation_ ? ErrorCode::kNone : ErrorCode::kIllegalGeneration;",
         "return who.generation <= generation_ ? ErrorCode::kNone : ErrorCode::kIllegalGeneration;")]},
    # A member's heartbeats don't keep it in its group.
    "forgotten-member": {"cluster/groups/group.cpp": [
        ("expect_sign(*members_->find(who.member_id), now);\n    // A member that has joined",
         "// A member that has joined")]},
    # Offsets expire by their commits, whoever is in the group.
    "expired-early": {"cluster/groups/coordinator_offsets.cpp": [
        ("if (has_members && !knows_topics) return keys;", ""),
        ("if (has_members && group.may_read(topics_.name_of(key.topic))) continue;", ""),
        ("TimestampMs since = value.committed_at;",
         "TimestampMs since = value.committed_at - config_.retention_ms;")]},
    # A full disk is met with the ballast still in place.
    "ballast-kept": {"core/storage/ballast.cpp": [
        ("if (size && *size > kPebbleBytes) {", "if (size && *size == 0) {")]},
}


def plant(name, source, root, out):
    text = (Path(root) / source).read_text()
    for right, wrong in BUGS[name][source]:
        if text.count(right) != 1:
            sys.exit(f"{source}: bug '{name}' has to be planted anew, {text.count(right)} times: {right}")
        text = text.replace(right, wrong)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(text)


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(" ".join((name, *sources)) for name, sources in BUGS.items()))
    elif len(sys.argv) == 5:
        plant(*sys.argv[1:])
    else:
        sys.exit(__doc__)
