#include "cluster/tools/consumer_protocol.hpp"

#include "protocol/wire.hpp"

#include <algorithm>
#include <tuple>

namespace millrace {
namespace {

constexpr std::int16_t kVersion = 1;

void put_string(Writer& writer, const std::string& text) {
    writer.put_string_length(false, text.size());
    writer.put_span(as_bytes(text));
}

std::optional<std::string> take_string(Reader& reader) {
    const auto length = reader.read_string_length(false);
    if (!length) return std::nullopt;
    return std::string(as_text(reader.read_span(*length)));
}

bool take_topic(Reader& reader, std::vector<TopicPartition>& partitions) {
    const auto topic = take_string(reader);
    const auto count = reader.read_count(false, sizeof(std::int32_t));
    if (!topic || !count) return false;
    for (std::size_t i = 0; i < *count; ++i) {
        partitions.push_back({*topic, PartitionIndex{reader.read<std::int32_t>()}});
    }
    return reader.ok();
}

bool comes_first(const RangeMember& left, const RangeMember& right) {
    const auto place = [](const RangeMember& each) {
        return std::make_tuple(!each.instance_id.has_value(), each.instance_id.value_or(""),
                               each.id);
    };
    return place(left) < place(right);
}

bool wants(const RangeMember& member, const std::string& topic) {
    return std::ranges::find(member.topics, topic) != member.topics.end();
}

}  // namespace

Bytes encode_subscription(const std::vector<std::string>& topics) {
    Writer writer;
    writer.put(kVersion);
    writer.put_count(false, topics.size());
    for (const std::string& each : topics) put_string(writer, each);
    writer.put_bytes_length(false, std::nullopt);
    writer.put_count(false, 0);
    return writer.to_bytes();
}

Bytes encode_assignment(std::vector<TopicPartition> partitions) {
    std::ranges::sort(partitions);
    std::vector<std::size_t> begins;
    for (std::size_t i = 0; i < partitions.size(); ++i) {
        if (i == 0 || partitions[i].topic != partitions[i - 1].topic) begins.push_back(i);
    }
    Writer writer;
    writer.put(kVersion);
    writer.put_count(false, begins.size());
    begins.push_back(partitions.size());
    for (std::size_t topic = 0; topic + 1 < begins.size(); ++topic) {
        put_string(writer, partitions[begins[topic]].topic);
        writer.put_count(false, begins[topic + 1] - begins[topic]);
        for (std::size_t i = begins[topic]; i < begins[topic + 1]; ++i) {
            writer.put(partitions[i].partition.value);
        }
    }
    writer.put_bytes_length(false, std::nullopt);
    return writer.to_bytes();
}

std::optional<std::vector<TopicPartition>> decode_assignment(ByteView bytes) {
    std::vector<TopicPartition> partitions;
    if (bytes.empty()) return partitions;
    // A topic takes six bytes at least.
    constexpr std::size_t kTopicBytesMin = 6;
    Reader reader(bytes);
    const auto version = reader.read<std::int16_t>();
    const auto topics = reader.read_count(false, kTopicBytesMin);
    if (!reader.ok() || version < 0 || !topics) return std::nullopt;
    for (std::size_t i = 0; i < *topics; ++i) {
        if (!take_topic(reader, partitions)) return std::nullopt;
    }
    return partitions;
}

std::map<std::string, std::vector<TopicPartition>> assign_ranges(
    std::vector<RangeMember> members, const std::map<std::string, std::int32_t>& partition_counts) {
    std::ranges::sort(members, comes_first);
    std::map<std::string, std::vector<TopicPartition>> shares;
    for (const RangeMember& each : members) shares[each.id];
    for (const auto& [topic, count] : partition_counts) {
        std::vector<const RangeMember*> takers;
        for (const RangeMember& each : members) {
            if (wants(each, topic)) takers.push_back(&each);
        }
        const auto takers_count = static_cast<std::int32_t>(takers.size());
        std::int32_t next = 0;
        for (std::int32_t i = 0; i < takers_count; ++i) {
            const std::int32_t share = count / takers_count + (i < count % takers_count ? 1 : 0);
            auto& partitions = shares[takers[static_cast<std::size_t>(i)]->id];
            for (const std::int32_t end = next + share; next < end; ++next) {
                partitions.push_back({topic, PartitionIndex{next}});
            }
        }
    }
    return shares;
}

}  // namespace millrace
