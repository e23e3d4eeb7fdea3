#include "core/storage/segment_groups.hpp"

#include <limits>

namespace millrace {
namespace {

constexpr std::int64_t kSpanMax = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::vector<std::size_t> group_segments(const std::vector<SegmentSizes>& segments,
                                        const GroupLimits& limits) {
    std::vector<std::size_t> groups;
    SegmentSizes sum;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const SegmentSizes& each = segments[i];
        const Offset end = i + 1 < segments.size() ? segments[i + 1].base : limits.end;
        const bool fits = sum.bytes + each.bytes <= limits.bytes &&
                          sum.offset_index_bytes + each.offset_index_bytes <= limits.index_bytes &&
                          sum.time_index_bytes + each.time_index_bytes <= limits.index_bytes &&
                          (each.bytes == 0 || end - sum.base - 1 <= kSpanMax);
        if (groups.empty() || !fits) {
            groups.push_back(1);
            sum = each;
            continue;
        }
        ++groups.back();
        sum.bytes += each.bytes;
        sum.offset_index_bytes += each.offset_index_bytes;
        sum.time_index_bytes += each.time_index_bytes;
    }
    return groups;
}

}  // namespace millrace
