#include "core/config/broker_keys.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace millrace {
namespace {

using enum KeyType;
using enum KeyEffect;

constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::min();

constexpr std::array kKeys{
    KeyDescription{"advertised.listeners", kString, ""},
    KeyDescription{"authorizer.class.name", kString, "", kUnbounded, kInt64Max, kRefused,
                   "authorization is not built yet: remove it, or start with --override "
                   "authorizer.class.name= to run without any"},
    KeyDescription{"auto.create.topics.enable", kBoolean, "true"},
    KeyDescription{"broker.id", kInt, "0", 0, kInt32Max},
    KeyDescription{"cache.bytes", kLong, "268435456", 16 << 20, kInt64Max},
    KeyDescription{"connections.max.idle.ms", kLong, "600000", 1, kInt64Max},
    KeyDescription{"default.replication.factor", kInt, "1", 1, kInt32Max, kHarmless},
    KeyDescription{"durability", kString, "flush", kUnbounded, kInt64Max, kEffective, "flush, os"},
    KeyDescription{"fetch.max.bytes", kInt, "57671680", 1024, kInt32Max},
    KeyDescription{"journal.bytes", kLong, "1073741824", 4 << 20, kInt64Max},
    KeyDescription{"listeners", kString, "PLAINTEXT://:9092"},
    KeyDescription{"log.dir", kString, "/tmp/kafka-logs"},
    KeyDescription{"log.dirs", kList, ""},
    KeyDescription{"log.index.interval.bytes", kInt, "4096", 0, kInt32Max},
    KeyDescription{"log.index.size.max.bytes", kInt, "10485760", 4, kInt32Max},
    KeyDescription{"log.roll.hours", kInt, "168", 1, kInt32Max},
    KeyDescription{"log.roll.ms", kLong, "", 1, kInt64Max},
    KeyDescription{"log.segment.bytes", kInt, "1073741824", 14, kInt32Max},
    KeyDescription{"logger.format", kString, "text", kUnbounded, kInt64Max, kEffective,
                   "text, json"},
    KeyDescription{"message.max.bytes", kInt, "1048588", 0, kInt32Max},
    KeyDescription{"min.insync.replicas", kInt, "1", 1, kInt32Max, kHarmless},
    KeyDescription{"num.io.threads", kInt, "8", 1, kInt32Max, kHarmless},
    KeyDescription{"num.network.threads", kInt, "3", 1, kInt32Max, kHarmless},
    KeyDescription{"num.partitions", kInt, "1", 1, kInt32Max},
    KeyDescription{"offsets.topic.replication.factor", kInt, "3", 1, kInt32Max, kHarmless},
    KeyDescription{"process.roles", kList, "", kUnbounded, kInt64Max, kRefused,
                   "this broker has no KRaft mode: remove it, or start with --override "
                   "process.roles= to run a standalone broker"},
    KeyDescription{"segment.writes", kString, "direct", kUnbounded, kInt64Max, kEffective,
                   "direct, cached"},
    KeyDescription{"socket.request.max.bytes", kInt, "104857600", 1, kInt32Max},
    KeyDescription{"zookeeper.connect", kString, "", kUnbounded, kInt64Max, kRefused,
                   "joining a ZooKeeper cluster is not built yet: remove it, or start with "
                   "--override zookeeper.connect= to run a standalone broker"},
};

std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t i = 0; i <= right.size(); ++i) row[i] = i;
    for (std::size_t l = 1; l <= left.size(); ++l) {
        std::size_t diagonal = row[0]++;
        for (std::size_t r = 1; r <= right.size(); ++r) {
            const std::size_t replaced = diagonal + (left[l - 1] == right[r - 1] ? 0 : 1);
            diagonal = row[r];
            row[r] = std::min({row[r] + 1, row[r - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::span<const KeyDescription> broker_keys() { return kKeys; }

const KeyDescription* find_broker_key(std::string_view name) {
    const auto found = std::find_if(kKeys.begin(), kKeys.end(),
                                    [name](const KeyDescription& key) { return key.name == name; });
    return found == kKeys.end() ? nullptr : &*found;
}

std::string_view nearest_broker_key(std::string_view name) {
    std::string_view nearest;
    // A third of the name may be wrong; beyond that a suggestion is a guess.
    std::size_t best = name.size() / 3 + 1;
    for (const KeyDescription& key : kKeys) {
        const std::size_t distance = edit_distance(name, key.name);
        if (distance >= best) continue;
        best = distance;
        nearest = key.name;
    }
    return nearest;
}

}  // namespace millrace
