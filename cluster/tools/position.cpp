#include "cluster/tools/position.hpp"

#include "core/base/parse.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace millrace {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

/// Takes parts of fixed length off the front of a text.
class TimeParts {
public:
    explicit TimeParts(std::string_view text) : left_(text) {}

    bool at_end() const { return left_.empty(); }
    bool skip(char wanted) {
        if (left_.empty() || left_[0] != wanted) return false;
        left_.remove_prefix(1);
        return true;
    }
    /// A number of exactly `digits` digits, at most `max`.
    std::optional<int> number(std::size_t digits, int max) {
        const std::string_view part = left_.substr(0, digits);
        const bool digits_only = part.find_first_not_of("0123456789") == std::string_view::npos;
        if (part.size() != digits || !digits_only) return std::nullopt;
        left_.remove_prefix(digits);
        const auto value = parse_number<int>(part);
        if (!value || *value > max) return std::nullopt;
        return value;
    }

private:
    std::string_view left_;
};

/// Milliseconds since 1970.
std::optional<std::int64_t> take_date(TimeParts& parts) {
    const auto year = parts.number(4, 9999);
    if (!year || !parts.skip('-')) return std::nullopt;
    const auto month = parts.number(2, 12);
    if (!month || !parts.skip('-')) return std::nullopt;
    const auto day = parts.number(2, 31);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    const auto days = std::chrono::sys_days(date).time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(days).count();
}

/// HH:MM in milliseconds.
std::optional<std::int64_t> take_minutes(TimeParts& parts) {
    const auto hours = parts.number(2, 23);
    if (!hours || !parts.skip(':')) return std::nullopt;
    const auto minutes = parts.number(2, 59);
    if (!minutes) return std::nullopt;
    return (*hours * 60 + *minutes) * kMinuteMs;
}

std::optional<std::int64_t> take_time_of_day(TimeParts& parts) {
    const auto minutes = take_minutes(parts);
    if (!minutes || !parts.skip(':')) return minutes;
    const auto seconds = parts.number(2, 59);
    if (!seconds) return std::nullopt;
    return *minutes + *seconds * 1000;
}

/// What has to be added to come to UTC.
std::optional<std::int64_t> take_zone(TimeParts& parts) {
    if (parts.at_end() || parts.skip('Z')) return 0;
    const bool is_east = parts.skip('+');
    if (!is_east && !parts.skip('-')) return std::nullopt;
    const auto minutes = take_minutes(parts);
    if (!minutes) return std::nullopt;
    return is_east ? -*minutes : *minutes;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
    if (text.starts_with('@')) return parse_number<std::int64_t>(text.substr(1));
    TimeParts parts(text);
    auto time = take_date(parts);
    if (!time) return std::nullopt;
    if (parts.skip('T') || parts.skip(' ')) {
        const auto of_day = take_time_of_day(parts);
        if (!of_day) return std::nullopt;
        *time += *of_day;
    }
    const auto zone = take_zone(parts);
    if (!zone || !parts.at_end()) return std::nullopt;
    return *time + *zone;
}

std::int64_t offset_in(const Extent& extent, const Position& position) {
    switch (position.kind) {
        case Position::Kind::kOffset: return std::clamp(position.number, extent.begin, extent.end);
        case Position::Kind::kBeforeEnd:
            return std::max(extent.begin, extent.end - position.number);
        case Position::Kind::kBeginning: return extent.begin;
        case Position::Kind::kEnd:
        case Position::Kind::kTime: break;
    }
    return extent.end;
}

}  // namespace

std::optional<Position> parse_position(std::string_view text) {
    using Kind = Position::Kind;
    if (text == "beginning") return Position{Kind::kBeginning};
    if (text == "end") return Position{Kind::kEnd};
    const auto number = parse_number<std::int64_t>(text);
    if (number && text.starts_with('-')) {
        // The smallest number has no other side.
        if (*number == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
        return Position{Kind::kBeforeEnd, -*number};
    }
    if (number) return Position{Kind::kOffset, *number};
    if (const auto time = parse_time(text)) return Position{Kind::kTime, *time};
    return std::nullopt;
}

Task<Outcome<Offsets>> find_positions(Cluster& cluster,
                                      const std::vector<TopicPartition>& partitions,
                                      const Position& position) {
    const auto extents = co_await list_extents(cluster, partitions);
    if (!extents) co_return extents.error();
    Offsets found;
    for (const auto& [partition, extent] : *extents) {
        found[partition] = offset_in(extent, position);
    }
    if (position.kind != Position::Kind::kTime) co_return found;
    const std::int64_t time = std::max<std::int64_t>(position.number, 0);
    const auto at_time = co_await list_offsets(cluster, partitions, time);
    if (!at_time) co_return at_time.error();
    for (const auto& [partition, offset] : *at_time) {
        if (offset >= 0) found[partition] = offset;
    }
    co_return found;
}

}  // namespace millrace
