#include "cluster/brokerd/broker.hpp"

#include "cluster/brokerd/figures.hpp"
#include "cluster/brokerd/group_figures.hpp"
#include "cluster/handlers/config_resources.hpp"
#include "core/runtime/shard_call.hpp"

#include <algorithm>

namespace millrace {
namespace {

// As log.flush.offset.checkpoint.interval.ms: the recovery points' period, and so the bound of what
// a recovery reads of logs that are not written to.
constexpr Duration kCheckpointPeriod = std::chrono::seconds(60);

Task<Result<void>> nothing_to_do() { co_return Result<void>(); }

Task<Result<void>> start_shard(BrokerShard& shard) {
    shard.start();
    co_return Result<void>();
}

Task<Result<void>> end_waits(BrokerShard& shard) {
    shard.end_waits();
    co_return Result<void>();
}

Task<Result<void>> stop_shard(BrokerShard& shard) {
    co_await shard.stop();
    co_return Result<void>();
}

Task<Result<void>> stop_groups(BrokerShard& shard) {
    co_await shard.stop_groups();
    co_return Result<void>();
}

/// For people: what a life of the broker came to.
void log_totals(Logger& logger, const MetricsSnapshot& all) {
    const auto total = [&all](std::string_view name) { return all.total(name); };
    logger.info("served since the start",
                {{"connections", total("millrace_connections_accepted_total")},
                 {"requests", total("millrace_requests_total")},
                 {"bytes_received", total("millrace_bytes_received_total")},
                 {"bytes_sent", total("millrace_bytes_sent_total")},
                 {"batches", total("millrace_batches_appended_total")},
                 {"journal_frames", total("millrace_journal_frames_total")},
                 {"journal_bytes", total("millrace_journal_bytes_total")},
                 {"bytes_filled", total("millrace_bytes_filled_total")},
                 {"rolls", total("millrace_segment_rolls_total")},
                 {"checkpoints", total("millrace_checkpoints_total")}});
}

}  // namespace

Topics::Options topic_options(const BrokerConfig& config) {
    Topics::Options options;
    options.log_dirs = config.log_dirs;
    options.broker_id = config.broker_id;
    options.log.topic = config.topic;
    options.log.retention_check_interval =
        std::chrono::milliseconds(config.retention_check_interval_ms);
    // Kafka's default is for ever.
    constexpr std::int64_t kLongest = std::int64_t{100} * 365 * 24 * 3600 * 1000;
    if (config.flush_scheduler_interval_ms < kLongest) {
        options.log.flush_check_interval =
            std::chrono::milliseconds(config.flush_scheduler_interval_ms);
    }
    options.log.first_retention_check = std::chrono::milliseconds(config.initial_task_delay_ms);
    options.log.producer_expiry_ms = config.producer_id_expiration_ms;
    options.log.producer_expiry_check_ms = config.producer_id_expiration_check_interval_ms;
    options.log.cleaner = config.cleaner.share(std::max<std::size_t>(config.log_dirs.size(), 1));
    options.log.durability = config.flush_before_ack ? Durability::kFlush : Durability::kOs;
    options.log.engine =
        config.direct_writes ? SegmentEngine::kDirectIo : SegmentEngine::kPageCache;
    options.log.journal_bytes = static_cast<std::uint64_t>(config.journal_bytes);
    options.log.journal_file_bytes_min = static_cast<std::uint64_t>(config.journal_file_bytes_min);
    options.log.files_synced_singly = static_cast<std::size_t>(config.files_synced_singly);
    options.log.batch_bytes_max = static_cast<std::uint64_t>(config.topic.max_message_bytes);
    options.log.cache_bytes = static_cast<std::size_t>(config.cache_bytes) /
                              std::max<std::size_t>(config.log_dirs.size(), 1);
    options.log.delivery = config.delivery;
    return options;
}

Broker::Broker(World& world, Logger& logger, std::unique_ptr<Topics> topics)
    : world_(world),
      logger_(logger),
      topics_(std::move(topics)),
      stop_requested_(world),
      gate_(world) {}

template <class Act>
Task<Result<void>> Broker::on_all(Act act) {
    std::vector<ShardNumber> targets;
    for (ShardNumber each = 0; each < world_.shard_count(); ++each) targets.push_back(each);
    const auto visit = [this, &act](std::size_t i) { return act(*shards_[i]); };
    co_return co_await visit_all(world_, targets, visit);
}

Task<Result<std::unique_ptr<Broker>>> Broker::start(World& world, Logger& logger,
                                                    const BrokerConfig& config) {
    const Topics::Options options = topic_options(config);
    auto topics = co_await Topics::open(world, logger, options);
    if (!topics) co_return topics.error();
    if (!(*topics)->broker_overrides().empty()) {
        co_await apply_settings(logger, **topics, config.given, config.broker_id);
    }
    std::unique_ptr<Broker> broker(new Broker(world, logger, std::move(*topics)));
    const auto started = co_await broker->start_shards(config);
    if (!started) {
        co_await broker->stop_shards();
        (void)co_await broker->topics_->close();
        co_return started.error();
    }
    broker->gate_.spawn(broker->write_checkpoints_steadily());
    logger.info("internal topics have one replica: this broker stands alone");
    logger.info("started", {{"port", broker->port()},
                            {"broker_id", config.broker_id},
                            {"cluster_id", broker->topics_->image().cluster_id},
                            {"topics", broker->topics_->image().topics.size()},
                            {"shards", world.shard_count()},
                            {"durability", config.flush_before_ack ? "flush" : "os"}});
    co_return broker;
}

Task<Result<void>> Broker::start_shards(const BrokerConfig& config) {
    std::vector<BrokerContext*> contexts;
    for (ShardNumber each = 0; each < world_.shard_count(); ++each) {
        World& there = world_.peer(each);
        shards_.push_back(
            std::make_unique<BrokerShard>(there, logger_.on(there), config, *topics_));
        contexts.push_back(&shards_.back()->context());
    }
    for (BrokerContext* const each : contexts) each->shards = contexts;
    for (ShardNumber each = 0; each < contexts.size(); ++each) {
        co_await topics_->add_view(each, contexts[each]->view);
    }
    // The first finds the port, and whether it is free; the others join it.
    const bool alone = contexts.size() == 1;
    auto outcome = co_await shards_.front()->listen(
        config, 0, alone ? ListenMode::kAlone : ListenMode::kFirst);
    if (!outcome) co_return outcome;
    const std::uint16_t bound = port();
    const auto join = [this, &config, bound](BrokerShard& shard) {
        return &shard == shards_.front().get() ? nothing_to_do()
                                               : shard.listen(config, bound, ListenMode::kJoin);
    };
    outcome = co_await on_all(join);
    if (!outcome) co_return outcome;
    std::vector<Listener*> listeners;
    for (const auto& shard : shards_) listeners.push_back(&shard->listener());
    for (Listener* const each : listeners) each->meet(listeners);
    co_return co_await on_all(&start_shard);
}

Task<> Broker::stop_shards() {
    // A request that is begun on one shard may wait on another.
    (void)co_await on_all(&end_waits);
    (void)co_await on_all(&stop_shard);
    (void)co_await on_all(&stop_groups);
}

Task<> Broker::write_checkpoints_steadily() {
    while (!stopping_) {
        const auto woken = co_await stop_requested_.wait(0, world_.now() + kCheckpointPeriod);
        if (woken || stopping_) break;
        const auto written = co_await topics_->write_checkpoints();
        if (!written) {
            logger_.error("cannot write the checkpoints", {{"reason", written.error().message()}});
        }
    }
}

Task<MetricsSnapshot> Broker::group_figures() {
    if (gate_.closed() || stopping_) co_return MetricsSnapshot();
    const Gate::Pass pass = gate_.enter();
    co_return co_await millrace::group_figures(world_, shards_);
}

Task<Result<void>> Broker::stop() {
    logger_.info("stopping");
    stopping_ = true;
    stop_requested_.wake_through(0);
    co_await stop_shards();
    co_await gate_.close();
    const auto closed = co_await topics_->close();
    const MetricsSnapshot all = co_await figures_of_all(world_);
    log_totals(logger_, all);
    if (closed) {
        logger_.info("stopped cleanly");
    } else {
        logger_.error("stopped, and the next start recovers",
                      {{"reason", closed.error().message()}});
    }
    co_return closed;
}

}  // namespace millrace
