#include "cluster/groups/committed_offsets.hpp"

#include <algorithm>

namespace millrace {

std::uint32_t TopicNumbers::number_of(std::string_view name) {
    if (const auto known = find(name)) return *known;
    const auto number = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(name);
    numbers_.emplace(names_.back(), number);
    return number;
}

std::optional<std::uint32_t> TopicNumbers::find(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<CommittedOffsets::Line>::iterator CommittedOffsets::place_of(OffsetKey key) {
    return std::ranges::lower_bound(lines_, key, {}, &Line::key);
}

const CommittedOffset* CommittedOffsets::find(OffsetKey key) const {
    const auto place = std::ranges::lower_bound(lines_, key, {}, &Line::key);
    return place == lines_.end() || place->key != key ? nullptr : &place->value;
}

void CommittedOffsets::put(OffsetKey key, CommittedOffset value) {
    const auto place = place_of(key);
    if (place == lines_.end() || place->key != key) {
        lines_.insert(place_with_room(place), Line{key, std::move(value)});
    } else if (place->value.record <= value.record) {
        place->value = std::move(value);
    }
}

/// Grows by a quarter, where a vector would double: most groups have few offsets, and keep them.
std::vector<CommittedOffsets::Line>::iterator CommittedOffsets::place_with_room(
    std::vector<Line>::iterator place) {
    if (lines_.size() < lines_.capacity()) return place;
    const auto index = place - lines_.begin();
    lines_.reserve(lines_.size() + lines_.size() / 4 + 1);
    return lines_.begin() + index;
}

bool CommittedOffsets::remove(OffsetKey key) {
    const auto place = place_of(key);
    if (place == lines_.end() || place->key != key) return false;
    lines_.erase(place);
    return true;
}

void CommittedOffsets::end(OffsetKey key) {
    const auto found = under_way_->find(key);
    if (found != under_way_->end() && --found->second == 0) under_way_->erase(found);
    if (under_way_->empty()) under_way_.reset();
}

}  // namespace millrace
