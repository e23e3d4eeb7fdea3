// What every shard knows of the topics: an image that never changes, replaced as a whole.
#pragma once

#include "core/config/properties.hpp"
#include "core/config/topic_config.hpp"
#include "core/storage/log_directory.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

struct TopicImage {
    Uuid id;
    LeaderEpoch leader_epoch;
    /// By partition; without a log where its directory is out of service. A log is used on its
    /// owner only.
    std::vector<LogPlace> partitions;
    Properties overrides;  // what is configured for this topic
    TopicConfig config;    // what that and the broker's settings come to
    /// Held as long as somebody may have a pointer to one of the logs.
    std::shared_ptr<const void> in_use;
};

/// The topics that can be produced to: their folders are there, or in a directory that is out of
/// service.
struct TopicsImage {
    std::string cluster_id;
    std::map<std::string, std::shared_ptr<const TopicImage>, std::less<>> topics;
    std::map<Uuid, std::string> names;

    void add(const std::string& name, TopicImage topic) {
        if (!topic.id.is_zero()) names[topic.id] = name;
        topics[name] = std::make_shared<const TopicImage>(std::move(topic));
    }

    void remove(const std::string& name) {
        const auto found = topics.find(name);
        if (found == topics.end()) return;
        names.erase(found->second->id);
        topics.erase(found);
    }

    /// Null when there is no such topic.
    const TopicImage* find(std::string_view name) const {
        const auto found = topics.find(name);
        return found == topics.end() ? nullptr : found->second.get();
    }

    /// The name of the topic with this id; nothing when there is none.
    std::optional<std::string_view> name_of(const Uuid& id) const {
        const auto found = names.find(id);
        if (found == names.end()) return std::nullopt;
        return found->second;
    }

    /// Null when there is no such partition.
    const LogPlace* find_log(std::string_view name, std::int32_t partition) const {
        const TopicImage* const topic = find(name);
        if (topic == nullptr || partition < 0) return nullptr;
        const auto index = static_cast<std::size_t>(partition);
        return index < topic->partitions.size() ? &topic->partitions[index] : nullptr;
    }
};

/// The image that one shard goes by. Lives on it; only that shard asks.
class TopicsView {
public:
    /// Stays as it is while somebody holds it.
    std::shared_ptr<const TopicsImage> now() const { return image_; }
    void set(std::shared_ptr<const TopicsImage> image) { image_ = std::move(image); }

private:
    std::shared_ptr<const TopicsImage> image_ = std::make_shared<const TopicsImage>();
};

}  // namespace millrace
