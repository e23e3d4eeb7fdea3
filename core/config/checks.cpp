#include "core/config/checks.hpp"

#include "core/config/key_rules.hpp"
#include "core/config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

struct Order {
    std::string_view low;
    std::string_view high;
};

// The first may be as large as the second, and no larger.
constexpr auto kOrders = std::to_array<Order>({
    {"replica.fetch.wait.max.ms", "replica.socket.timeout.ms"},
    {"replica.fetch.wait.max.ms", "replica.lag.time.max.ms"},
    {"offsets.commit.required.acks", "offsets.topic.replication.factor"},
    {"group.consumer.min.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"},
    {"group.consumer.min.heartbeat.interval.ms", "group.consumer.heartbeat.interval.ms"},
    {"group.consumer.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"},
    {"group.consumer.min.session.timeout.ms", "group.consumer.max.session.timeout.ms"},
    {"group.consumer.min.session.timeout.ms", "group.consumer.session.timeout.ms"},
    {"group.consumer.session.timeout.ms", "group.consumer.max.session.timeout.ms"},
    {"group.share.min.heartbeat.interval.ms", "group.share.max.heartbeat.interval.ms"},
    {"group.share.min.heartbeat.interval.ms", "group.share.heartbeat.interval.ms"},
    {"group.share.heartbeat.interval.ms", "group.share.max.heartbeat.interval.ms"},
    {"group.share.min.session.timeout.ms", "group.share.max.session.timeout.ms"},
    {"group.share.min.session.timeout.ms", "group.share.session.timeout.ms"},
    {"group.share.session.timeout.ms", "group.share.max.session.timeout.ms"},
    {"group.share.min.record.lock.duration.ms", "group.share.record.lock.duration.ms"},
    {"group.share.record.lock.duration.ms", "group.share.max.record.lock.duration.ms"},
});

void check_orders(Values& values) {
    for (const Order& each : kOrders) {
        if (values.integer(each.low) > values.integer(each.high)) {
            values.problem(each.low, fmt::format("at most {}, which is {}", each.high,
                                                 values.text(each.high)));
        }
    }
}

/// broker.id and node.id are two names of one number.
void check_broker_id(Values& values) {
    const bool both = values.is_given("broker.id") && values.is_given("node.id");
    if (both && values.integer("broker.id") != values.integer("node.id")) {
        values.problem("node.id", "the same number as broker.id");
    }
    const std::string_view key = values.is_given("broker.id") ? "broker.id" : "node.id";
    const std::int64_t id = values.integer(key);
    if (!values.flag("broker.id.generation.enable")) {
        if (id < 0) values.problem(key, "a number from 0, when none is generated");
    } else if (id > values.integer("reserved.broker.max.id")) {
        values.problem(key, fmt::format("at most reserved.broker.max.id, which is {}, or "
                                        "broker.id.generation.enable=false",
                                        values.text("reserved.broker.max.id")));
    } else if (id < -1) {
        values.problem(key, "a number from -1");
    }
}

/// Zero is no age; any negative one is no limit.
void check_retention(Values& values) {
    for (const std::string_view key :
         {"log.retention.ms", "log.retention.minutes", "log.retention.hours"}) {
        if (values.text(key).empty()) continue;
        if (values.integer(key) == 0) values.problem(key, "-1 or a number from 1");
        return;
    }
}

void check_cleaner(Values& values) {
    constexpr std::string_view kBuffer = "log.cleaner.dedupe.buffer.size";
    const std::int64_t threads = values.integer("log.cleaner.threads");
    if (threads == 0) {
        values.problem("log.cleaner.threads", "a number from 1");
    } else if (values.integer(kBuffer) / threads <= 1 << 20) {
        values.problem(kBuffer, "more than 1048576 for each of log.cleaner.threads");
    }
}

void check_queue(Values& values) {
    constexpr std::string_view kQueue = "queued.max.request.bytes";
    const std::int64_t bytes = values.integer(kQueue);
    if (bytes > 0 && bytes < values.integer("socket.request.max.bytes")) {
        values.problem(kQueue, "-1, or at least socket.request.max.bytes");
    }
}

bool is_host(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '%' || c == '.' || c == '_' || c == ':';
    });
}

/// HOST:COUNT
bool is_connection_limit(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_host(trimmed(text.substr(0, colon)))) return false;
    const KeyDescription count{"", KeyType::kInt, "", KeyEffect::kEffective};
    return !value_problem(count, text.substr(colon + 1));
}

void check_connections(Values& values) {
    constexpr std::string_view kOverrides = "max.connections.per.ip.overrides";
    auto overrides = list_elements(values.text(kOverrides));
    while (!overrides.empty() && overrides.back().empty()) overrides.pop_back();
    if (!std::ranges::all_of(overrides, is_connection_limit)) {
        values.problem(kOverrides, "HOST:COUNT, with commas between several");
    }
    if (values.integer("max.connections.per.ip") == 0 && overrides.empty()) {
        values.problem("max.connections.per.ip",
                       fmt::format("more than 0, unless {} is set", kOverrides));
    }
    const std::int64_t idle = values.integer("connections.max.idle.ms");
    if (idle >= 0 && values.integer("connection.failed.authentication.delay.ms") >= idle) {
        values.problem("connections.max.idle.ms",
                       "more than connection.failed.authentication.delay.ms");
    }
}

/// Groups are classic without KRaft.
void check_groups(Values& values) {
    constexpr std::string_view kProtocols = "group.coordinator.rebalance.protocols";
    const auto protocols = list_elements(values.text(kProtocols));
    const auto has = [&protocols](std::string_view name) {
        return std::ranges::find(protocols, name) != protocols.end();
    };
    if (!has("classic") || has("consumer")) {
        values.problem(kProtocols, "classic, and not consumer");
    }
    if (values.integer("offsets.commit.required.acks") < -1) {
        values.problem("offsets.commit.required.acks", "a number from -1");
    }
}

/// A controller's listener means something only on the way to KRaft.
void check_migration(Values& values) {
    constexpr std::string_view kMigration = "zookeeper.metadata.migration.enable";
    const bool is_named = !split_list(values.text("controller.listener.names")).empty();
    if (!values.flag(kMigration)) {
        if (is_named) values.problem("controller.listener.names", "nothing");
        return;
    }
    if (values.text("controller.quorum.voters").empty() &&
        values.text("controller.quorum.bootstrap.servers").empty()) {
        values.problem(kMigration, "false, without controller.quorum.bootstrap.servers");
    }
    if (!is_named) values.problem(kMigration, "false, without controller.listener.names");
}

/// What records a version's brokers write: 0, 1 or 2.
int record_version(std::string_view version) {
    if (version.starts_with("0.8") || version.starts_with("0.9")) return 0;
    return version.starts_with("0.10") ? 1 : 2;
}

void check_versions(Values& values) {
    constexpr std::string_view kRecords = "log.message.format.version";
    const std::string_view brokers = values.text("inter.broker.protocol.version");
    const std::string_view records = values.text(kRecords);
    if (is_before_3_0(brokers) && record_version(records) > record_version(brokers)) {
        values.problem(kRecords,
                       fmt::format("at most inter.broker.protocol.version, which is {}", brokers));
    }
}

}  // namespace

void check_together(Values& values) {
    check_broker_id(values);
    check_orders(values);
    check_retention(values);
    check_cleaner(values);
    check_queue(values);
    check_connections(values);
    check_groups(values);
    check_migration(values);
    check_versions(values);
}

}  // namespace millrace
