#include "cluster/handlers/fetch_conversion.hpp"

#include "core/storage/down_conversion.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kMagic1From = 2;
constexpr std::int16_t kZstdTopicFrom = 10;

}  // namespace

ErrorCode fit_to_version(Parts& batches, std::int16_t version, const TopicConfig& topic,
                         Offset from, Decompressor& decompressor) {
    // Only the topic's word counts: a batch of zstd that a producer chose goes out as it is.
    if (version < kZstdTopicFrom && topic.compression_type == TopicCompression::kZstd) {
        return ErrorCode::kUnsupportedCompressionType;
    }
    if (version >= kFetchUnseenFrom) return ErrorCode::kNone;
    if (!topic.message_downconversion_enable) return ErrorCode::kUnsupportedVersion;
    const std::int8_t magic = version < kMagic1From ? 0 : 1;
    auto set = convert_down(batches, {magic, from, size_of(batches)}, decompressor);
    batches.clear();
    if (!set) return to_error_code(set.error());
    if (set->empty()) return ErrorCode::kNone;
    const auto owned = std::make_shared<const Bytes>(std::move(*set));
    batches.push_back(Part::in_memory(*owned, owned));
    return ErrorCode::kNone;
}

}  // namespace millrace
