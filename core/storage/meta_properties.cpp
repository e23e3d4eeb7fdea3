#include "core/storage/meta_properties.hpp"

#include "core/config/properties.hpp"
#include "core/storage/partition_metadata.hpp"
#include "core/storage/text_fields.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::string_view kBrokerId = "broker.id";
constexpr std::string_view kClusterId = "cluster.id";
constexpr std::string_view kDirectoryId = "directory.id";

}  // namespace

std::string format_meta_properties(const MetaProperties& properties) {
    std::string text = "version=0\n";
    if (properties.broker_id)
        text += fmt::format("{}={}\n", kBrokerId, properties.broker_id->value);
    if (properties.cluster_id) text += fmt::format("{}={}\n", kClusterId, *properties.cluster_id);
    if (properties.directory_id)
        text += fmt::format("{}={}\n", kDirectoryId, properties.directory_id->to_string());
    return text;
}

Result<MetaProperties> parse_meta_properties(std::string_view text) {
    const auto keys = parse_properties(text);
    if (!keys) return keys.error();
    const auto find = [&](std::string_view key) { return keys->find(key); };
    const auto end = keys->end();

    if (find("version") == end) return Errc::kMalformed;
    const auto version = parse_number<int>(find("version")->second);
    if (!version) return Errc::kMalformed;
    if (*version != 0) return Errc::kUnsupportedVersion;

    MetaProperties properties;
    if (const auto found = find(kBrokerId); found != end) {
        const auto id = parse_number<std::int32_t>(found->second);
        if (!id || *id < 0) return Errc::kMalformed;
        properties.broker_id = BrokerId{*id};
    }
    if (const auto found = find(kClusterId); found != end) {
        if (found->second.empty()) return Errc::kMalformed;
        properties.cluster_id = found->second;
    }
    if (const auto found = find(kDirectoryId); found != end) {
        properties.directory_id = parse_uuid(found->second);
        if (!properties.directory_id) return Errc::kMalformed;
    }
    return properties;
}

Error check_belongs(const MetaProperties& directory, BrokerId broker, std::string_view cluster_id) {
    if (directory.broker_id && *directory.broker_id != broker) return Errc::kWrongDirectory;
    if (directory.cluster_id && *directory.cluster_id != cluster_id) return Errc::kWrongDirectory;
    return {};
}

}  // namespace millrace
