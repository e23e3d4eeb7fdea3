// What one shard counts. Every World has one, so that whoever reaches the outside reaches it too.
#pragma once

#include "core/observe/delivery_metrics.hpp"

namespace millrace {

/// The figures of the log by name, and the registry that they and those of other floors stand in.
/// Lives on its shard; another one sees it as a snapshot.
struct ShardMetrics {
    ShardMetrics() = default;
    ShardMetrics(const ShardMetrics&) = delete;
    ShardMetrics& operator=(const ShardMetrics&) = delete;

    MetricsRegistry registry;

    DeliveryMetrics delivery{registry};

    Counter& batches_repeated = registry.counter("millrace_batches_repeated_total",
                                                 "Batches of producers that logs had already");
    Counter& batches_appended =
        registry.counter("millrace_batches_appended_total", "Record batches that logs took");
    Counter& bytes_appended =
        registry.counter("millrace_bytes_appended_total", "Bytes of these batches");
    Counter& journal_frames =
        registry.counter("millrace_journal_frames_total", "Frames written to journals");
    Counter& journal_bytes =
        registry.counter("millrace_journal_bytes_total", "Bytes of these frames, padding included");
    Histogram& journal_frame_logs =
        registry.histogram("millrace_journal_frame_logs", "Logs whose appends shared a frame");
    Histogram& journal_frame_bytes =
        registry.histogram("millrace_journal_frame_bytes", "Bytes of a frame");
    Counter& fills = registry.counter("millrace_fills_total", "Writes of tails into segments");
    Counter& bytes_filled = registry.counter("millrace_bytes_filled_total", "Bytes of these fills");
    Counter& rolls = registry.counter("millrace_segment_rolls_total", "Segments that were sealed");
    Counter& segments_deleted = registry.counter("millrace_segments_deleted_total",
                                                 "Segments that their topic kept no longer");
    Counter& cleanings =
        registry.counter("millrace_cleanings_total", "Times that a compacted log was cleaned");
    Counter& segments_cleaned = registry.counter(
        "millrace_segments_cleaned_total", "Segments that cleaners have exchanged for new ones");
    Counter& bytes_cleaned_read =
        registry.counter("millrace_cleaner_read_bytes_total",
                         "Bytes of segments that cleaners have read to write them anew");
    Counter& bytes_cleaned_written =
        registry.counter("millrace_cleaner_written_bytes_total", "Bytes of the new ones");
    Counter& records_cleaned =
        registry.counter("millrace_records_cleaned_total",
                         "Records that newer ones have replaced, and were dropped");
    Gauge& logs_uncleanable =
        registry.gauge("millrace_uncleanable_logs",
                       "Compacted logs that are not cleaned, for damage or transactions");
    Counter& checkpoints =
        registry.counter("millrace_checkpoints_total", "Checkpoints of journals that ended");
    Counter& appends_slowed = registry.counter("millrace_appends_slowed_total",
                                               "Appends that waited because a journal filled up");
    Counter& replays = registry.counter("millrace_replays_total", "Journals replayed at start");
    Counter& full_disks =
        registry.counter("millrace_full_disks_total", "Times that a log directory's disk was full");
    Counter& storage_failures =
        registry.counter("millrace_storage_failures_total", "Log directories taken out of service");
};

}  // namespace millrace
