// How far one group has read: its committed offsets, in memory as small as they can be.
//
// A broker may know millions of them. Topics are numbers here, of a table that the groups of a
// shard share, and the offsets are one sorted vector.
#pragma once

#include "core/base/seldom.hpp"
#include "core/base/types.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// Numbers for topic names. Lives on its shard, and only grows: commits name topics that exist.
class TopicNumbers {
public:
    std::uint32_t number_of(std::string_view name);
    std::optional<std::uint32_t> find(std::string_view name) const;
    const std::string& name_of(std::uint32_t number) const { return names_[number]; }

private:
    std::deque<std::string> names_;
    std::map<std::string_view, std::uint32_t> numbers_;
};

/// A partition that a group reads.
struct OffsetKey {
    std::uint32_t topic{};
    std::int32_t partition{};

    auto operator<=>(const OffsetKey&) const = default;
};

class CommittedOffset {
public:
    std::int64_t offset{};
    TimestampMs committed_at{};
    Offset record;  // of the batch in __consumer_offsets
    std::int32_t leader_epoch = -1;

    /// The client's own.
    std::string_view metadata() const { return rest_->metadata; }
    void set_metadata(std::string_view text) {
        if (text != metadata()) rest_->metadata = text;
    }
    /// Where an old client has said so itself, else negative.
    TimestampMs expires_at() const { return rest_->expires_at; }
    void set_expires_at(TimestampMs when) {
        if (when != expires_at()) rest_->expires_at = when;
    }

private:
    /// What few offsets have.
    struct Rest {
        std::string metadata;
        TimestampMs expires_at = -1;
    };
    Seldom<Rest> rest_;
};

/// Owned by its group's entry, on the shard of the group's coordinator.
class CommittedOffsets {
public:
    struct Line {
        OffsetKey key;
        CommittedOffset value;
    };

    /// Sorted by key.
    const std::vector<Line>& all() const { return lines_; }
    const CommittedOffset* find(OffsetKey key) const;
    /// Unless one of a later record is there.
    void put(OffsetKey key, CommittedOffset value);
    /// False when it isn't there.
    bool remove(OffsetKey key);
    void shrink() { lines_.shrink_to_fit(); }

    /// A commit that is under way.
    void begin(OffsetKey key) { ++(*under_way_)[key]; }
    void end(OffsetKey key);
    bool is_under_way(OffsetKey key) const { return under_way_->contains(key); }
    /// Nothing is there, and nothing comes.
    bool is_bare() const { return lines_.empty() && under_way_->empty(); }

private:
    std::vector<Line>::iterator place_of(OffsetKey key);
    std::vector<Line>::iterator place_with_room(std::vector<Line>::iterator place);

    std::vector<Line> lines_;
    Seldom<std::map<OffsetKey, int>> under_way_;
};

}  // namespace millrace
