#include "cluster/brokerd/broker_shard.hpp"

namespace millrace {
namespace {

// All frames of all connections together.
constexpr std::int64_t kRequestBytesTotal = 512 << 20;

CoordinatorConfig coordinator_config(const BrokerConfig& config) {
    const GroupConfig& from = config.groups;
    CoordinatorConfig groups;
    groups.limits = {from.members_max, from.initial_rebalance_delay_ms};
    groups.session_min_ms = from.session_ms_min;
    groups.session_max_ms = from.session_ms_max;
    groups.metadata_bytes_max = from.metadata_bytes_max;
    groups.retention_ms = std::int64_t{from.retention_minutes} * 60'000;
    groups.expiry_interval = std::chrono::milliseconds(
        std::min(from.expiry_interval_ms, std::int64_t{365} * 24 * 3600 * 1000));
    groups.store_timeout = std::chrono::milliseconds(from.commit_timeout_ms);
    groups.codec = static_cast<Codec>(from.codec);
    groups.topic_partitions = from.topic_partitions;
    groups.topic_segment_bytes = from.topic_segment_bytes;
    return groups;
}

HandlerConfig handler_config(const BrokerConfig& config) {
    HandlerConfig handlers;
    handlers.broker_id = config.broker_id;
    handlers.num_partitions = config.num_partitions;
    handlers.default_replication_factor = config.default_replication_factor;
    handlers.auto_create_topics = config.auto_create_topics;
    handlers.delete_topics = config.delete_topics;
    handlers.message_bytes_max = config.topic.max_message_bytes;
    handlers.fetch_bytes_max = config.fetch_bytes_max;
    handlers.given = std::make_shared<const Properties>(config.given);
    handlers.groups = coordinator_config(config);
    return handlers;
}

/// A shard's part of what the broker remembers for its clients: 100 MB of partitions at most, but
/// enough of them everywhere for a mirror of a whole cluster.
FetchSessions::Limits session_limits(const BrokerConfig& config, const World& world) {
    constexpr std::size_t kPartitions = 400'000;
    constexpr std::size_t kPartitionsMin = 20'000;
    const std::size_t shards = world.shard_count();
    const auto sessions = static_cast<std::size_t>(config.fetch_sessions_max);
    return {(sessions + shards - 1) / shards, std::max(kPartitions / shards, kPartitionsMin)};
}

/// What responses that are being sent may hold of the memory for batches.
std::size_t response_bytes(const BrokerConfig& config, const World& world) {
    constexpr std::size_t kShare = 4;
    return static_cast<std::size_t>(config.cache_bytes) / kShare / world.shard_count();
}

}  // namespace

BrokerShard::BrokerShard(World& world, const Logger& logger, const BrokerConfig& config,
                         Topics& topics)
    : world_(world),
      logger_(logger),
      context_{world,
               logger_,
               topics,
               handler_config(config),
               {},
               LogWaits(world),
               MemoryBudget(world, response_bytes(config, world)),
               FetchSessions(world, session_limits(config, world)),
               {}} {
    serve_all(context_, handlers_);
}

Task<Result<void>> BrokerShard::listen(const BrokerConfig& config, std::uint16_t port,
                                       ListenMode mode) {
    const Endpoint& endpoint = config.listeners.front();
    const Endpoint& advertised = config.advertised.front();
    ListenerConfig listener;
    listener.host = endpoint.host;
    listener.port = endpoint.port == 0 ? port : endpoint.port;
    listener.mode = mode;
    listener.advertised.host = advertised.host;
    listener.advertised.port = advertised.port;
    listener.limits.request_bytes_max = config.request_bytes_max;
    listener.request_bytes_total_max = kRequestBytesTotal / world_.shard_count();
    listener.idle_max = std::chrono::milliseconds(config.connections_idle_ms_max);
    auto opened = co_await Listener::open(world_, logger_, handlers_, listener);
    if (!opened) {
        logger_.error("cannot listen: choose another port or address in listeners",
                      {{"host", endpoint.host},
                       {"port", listener.port},
                       {"reason", opened.error().message()}});
        co_return opened.error();
    }
    listener_ = std::move(*opened);
    co_return Result<void>();
}

void BrokerShard::start() {
    context_.groups.start();
    listener_->start();
}

void BrokerShard::end_waits() {
    context_.waits.stop();
    context_.groups.stop_waits();
}

Task<> BrokerShard::stop() {
    if (listener_) co_await listener_->stop();
}

}  // namespace millrace
