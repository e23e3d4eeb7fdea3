#include "cluster/brokerd/broker.hpp"

namespace millrace {
namespace {

// As log.flush.offset.checkpoint.interval.ms: the recovery points' period, and so the bound of what
// a recovery reads of logs that are not written to.
constexpr Duration kCheckpointPeriod = std::chrono::seconds(60);

HandlerConfig handler_config(const BrokerConfig& config) {
    return {config.broker_id, config.num_partitions, config.auto_create_topics,
            config.message_bytes_max, config.fetch_bytes_max};
}

/// For people: what a life of this shard came to.
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
    options.log.segment_bytes = config.segment_bytes;
    options.log.segment_ms = config.segment_ms;
    options.log.segment_index_bytes = config.segment_index_bytes;
    options.log.index_interval_bytes = config.index_interval_bytes;
    options.log.durability = config.flush_before_ack ? Durability::kFlush : Durability::kOs;
    options.log.engine =
        config.direct_writes ? SegmentEngine::kDirectIo : SegmentEngine::kPageCache;
    options.log.journal_bytes = static_cast<std::uint64_t>(config.journal_bytes);
    options.log.journal_file_bytes_min = static_cast<std::uint64_t>(config.journal_file_bytes_min);
    options.log.batch_bytes_max = static_cast<std::uint64_t>(config.message_bytes_max);
    options.log.directory_tail_bytes_max = static_cast<std::size_t>(config.cache_bytes);
    return options;
}

Broker::Broker(World& world, Logger& logger, const BrokerConfig& config,
               std::unique_ptr<Topics> topics)
    : world_(world),
      logger_(logger),
      topics_(std::move(topics)),
      context_{world, logger, *topics_, handler_config(config)},
      stop_requested_(world),
      gate_(world) {
    serve_all(context_, handlers_);
}

Task<Result<std::unique_ptr<Broker>>> Broker::start(World& world, Logger& logger,
                                                    const BrokerConfig& config) {
    const Topics::Options options = topic_options(config);
    auto topics = co_await Topics::open(world, logger, options);
    if (!topics) co_return topics.error();
    std::unique_ptr<Broker> broker(new Broker(world, logger, config, std::move(*topics)));
    const auto listening = co_await broker->listen(config);
    if (!listening) {
        (void)co_await broker->topics_->close();
        co_return listening.error();
    }
    broker->gate_.spawn(broker->write_checkpoints_steadily());
    logger.info("started", {{"port", broker->port()},
                            {"broker_id", config.broker_id},
                            {"cluster_id", broker->topics_->cluster_id()},
                            {"topics", broker->topics_->all().size()},
                            {"durability", config.flush_before_ack ? "flush" : "os"}});
    co_return broker;
}

Task<Result<void>> Broker::listen(const BrokerConfig& config) {
    const Endpoint& endpoint = config.listeners.front();
    const Endpoint& advertised = config.advertised.front();
    ListenerConfig listener;
    listener.host = endpoint.host;
    listener.port = endpoint.port;
    listener.advertised.host = advertised.host.empty() ? "localhost" : advertised.host;
    listener.advertised.port = advertised.port;
    listener.limits.request_bytes_max = config.request_bytes_max;
    listener.idle_max = std::chrono::milliseconds(config.connections_idle_ms_max);
    auto opened = co_await Listener::open(world_, logger_, handlers_, listener);
    if (!opened) {
        logger_.error("cannot listen: choose another port or address in listeners",
                      {{"host", endpoint.host},
                       {"port", endpoint.port},
                       {"reason", opened.error().message()}});
        co_return opened.error();
    }
    listener_ = std::move(*opened);
    listener_->start();
    co_return Result<void>();
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

Task<Result<void>> Broker::stop() {
    logger_.info("stopping");
    stopping_ = true;
    stop_requested_.wake_through(0);
    topics_->stop_waits();
    co_await listener_->stop();
    co_await gate_.close();
    const auto closed = co_await topics_->close();
    log_totals(logger_, world_.metrics().registry.snapshot());
    if (closed) {
        logger_.info("stopped cleanly");
    } else {
        logger_.error("stopped, and the next start recovers",
                      {{"reason", closed.error().message()}});
    }
    co_return closed;
}

}  // namespace millrace
