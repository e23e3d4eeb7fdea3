// What the logs of one directory share: their settings, their memory, their account of the disk,
// and how they reach the directory.
#pragma once

#include "core/base/delivery_path.hpp"
#include "core/config/cleaner_config.hpp"
#include "core/config/topic_config.hpp"
#include "core/observe/logger.hpp"
#include "core/runtime/wait_list.hpp"
#include "core/storage/journal.hpp"
#include "core/storage/log_segment.hpp"

#include <functional>
#include <limits>
#include <memory>

namespace millrace {

enum class Durability {
    kFlush,  // durable: on stable storage
    kOs,     // durable: written; survives the process, not the power
};

struct LogConfig {
    /// Of a log whose topic's own is not known yet.
    TopicConfig topic;
    /// How often logs are looked at for what they keep no longer, and when first.
    Duration retention_check_interval = std::chrono::minutes(5);
    Duration first_retention_check = std::chrono::seconds(30);
    /// How often logs are looked at for flush.ms; the longest: never.
    Duration flush_check_interval = Duration::max();
    /// How long a producer is remembered behind its last batch, and how often that is looked at.
    std::int64_t producer_expiry_ms = std::int64_t{24} * 3600 * 1000;
    std::int64_t producer_expiry_check_ms = 600'000;
    CleanerConfig cleaner;
    Durability durability = Durability::kFlush;
    SegmentEngine engine = SegmentEngine::kDirectIo;
    std::uint64_t journal_bytes = std::uint64_t{1} << 30;
    std::uint64_t journal_file_bytes_min = 256 << 10;
    /// Files of one checkpoint that are synced each by itself; beyond it, the whole filesystem is.
    std::size_t files_synced_singly = 512;
    std::uint64_t batch_bytes_max = 1 << 20;
    /// Bytes of one log that are in no segment file yet; beyond it, wait_for_room() waits.
    std::size_t tail_bytes_max = 16 << 20;
    /// Memory of all logs of a directory: tails, and what was lately in them.
    std::size_t cache_bytes = 256 << 20;
    DeliveryPath delivery = DeliveryPath::kAuto;
};

/// What the logs of one directory share. Lives as long as they do.
struct LogShared {
    LogShared(World& where, Logger& log, LogConfig settings)
        : world(where),
          logger(log),
          config(settings),
          cache(std::make_shared<ChunkCache>(settings.cache_bytes)),
          room(where) {}

    /// Producers wait: filling and evicting are behind.
    bool is_short_of_memory() const {
        return unfilled > config.cache_bytes / 2 || (unfilled > 0 && cache->is_tight());
    }

    World& world;
    Logger& logger;
    LogConfig config;
    const std::shared_ptr<ChunkCache> cache;
    /// Null until the directory has recovered.
    Journal* journal{};
    /// Bytes in no segment file yet.
    std::size_t unfilled{};
    std::int64_t fills{};
    WaitList room;  // by fills
    /// What segment files still have to grow by for everything that was appended, and the most
    /// that it may be: the journal's ballast can give as much.
    std::uint64_t on_account{};
    std::uint64_t account_max{std::numeric_limits<std::uint64_t>::max()};
    /// The disk is full: no appends, and no file grows ahead.
    bool full{};
    /// The directory goes out of service.
    std::function<void(const Error&)> failed;
    /// The disk refused something: room is made, as far as there is any, and the directory is full.
    std::function<Task<>()> make_room;
    /// Too much is unfilled: let everything be filled.
    std::function<void()> fill_wanted;
};

}  // namespace millrace
