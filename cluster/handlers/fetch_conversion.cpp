#include "cluster/handlers/fetch_conversion.hpp"

#include "core/storage/batch_headers.hpp"
#include "core/storage/down_conversion.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kMagic1From = 2;
constexpr std::int16_t kMagic2From = 4;

bool holds_zstd(const Parts& parts) {
    bool found = false;
    for_each_header(parts, [&found](const RecordBatchView& batch) {
        found = found || batch.codec() == Codec::kZstd;
    });
    return found;
}

}  // namespace

ErrorCode fit_to_version(Parts& batches, std::int16_t version, const TopicConfig& topic,
                         Offset from, Decompressor& decompressor) {
    if (version >= kFetchUnseenFrom) return ErrorCode::kNone;
    if (topic.compression_type == TopicCompression::kZstd) {
        return ErrorCode::kUnsupportedCompressionType;
    }
    if (version >= kMagic2From) {
        return holds_zstd(batches) ? ErrorCode::kUnsupportedCompressionType : ErrorCode::kNone;
    }
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
