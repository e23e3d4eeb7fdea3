// meta.properties: whose log directory this is. In ZooKeeper mode version 0, with the broker's and
// the cluster's id; a broker refuses a directory that names another.
#pragma once

#include "core/base/result.hpp"
#include "core/base/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

struct MetaProperties {
    std::optional<BrokerId> broker_id;
    std::optional<std::string> cluster_id;
    std::optional<Uuid> directory_id;

    bool operator==(const MetaProperties&) const = default;
};

std::string format_meta_properties(const MetaProperties& properties);

/// kUnsupportedVersion for version 1 (a KRaft directory) and any later one, kMalformed for a
/// version or value that cannot be read. Keys that are not known are passed over, as Kafka does.
Result<MetaProperties> parse_meta_properties(std::string_view text);

/// kWrongDirectory when a directory that already has an id has a different one.
Error check_belongs(const MetaProperties& directory, BrokerId broker, std::string_view cluster_id);

}  // namespace millrace
