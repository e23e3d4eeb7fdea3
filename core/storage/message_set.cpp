#include "core/storage/message_set.hpp"

#include "core/storage/record_reader.hpp"

#include <zlib.h>

namespace millrace {
namespace {

// Places in what the size field counts.
constexpr std::size_t kMagicAt = 4;
constexpr std::size_t kTimestampAt = 6;
// What the size field counts in the shortest message.
constexpr std::size_t kSizeMin = kMessageBytesMin - kBatchOverheadBytes;

bool crc_holds(ByteView body) {
    return load_be<std::uint32_t>(body.data()) == message_crc(body.subspan(kMagicAt));
}

/// A field behind its length.
bool read_sized(ByteView bytes, std::size_t& at, std::optional<ByteView>& field) {
    if (bytes.size() - at < 4) return false;
    const auto size = load_be<std::int32_t>(&bytes[at]);
    at += 4;
    if (size < 0) return true;
    const auto length = static_cast<std::size_t>(size);
    if (length > bytes.size() - at) return false;
    field = bytes.subspan(at, length);
    at += length;
    return true;
}

}  // namespace

std::uint32_t message_crc(ByteView covered) {
    return static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(covered.data()),
                                            static_cast<uInt>(covered.size())));
}

Result<OldMessage> parse_message(std::int64_t offset, ByteView body) {
    if (body.size() < kSizeMin || !crc_holds(body)) return Errc::kCorruptBatch;
    OldMessage message;
    message.offset = offset;
    message.magic = static_cast<std::int8_t>(body[kMagicAt]);
    message.attributes = std::to_integer<std::uint8_t>(body[kMagicAt + 1]);
    if (message.magic < 0 || message.magic > kMessageMagicMax) return Errc::kCorruptBatch;
    std::size_t at = kTimestampAt;
    if (message.magic > 0) {
        if (body.size() < at + 8) return Errc::kCorruptBatch;
        message.timestamp = load_be<std::int64_t>(&body[at]);
        at += 8;
    }
    const bool whole = read_sized(body, at, message.key) && read_sized(body, at, message.value);
    if (!whole || at != body.size()) return Errc::kCorruptBatch;
    return message;
}

Result<void> WrapperReader::begin(const OldMessage& wrapper) {
    if (wrapper.codec_bits() > static_cast<std::uint8_t>(Codec::kZstd)) {
        return Errc::kUnsupportedCodec;
    }
    const auto codec = static_cast<Codec>(wrapper.codec_bits());
    if (codec == Codec::kZstd || !wrapper.value) return Errc::kInvalidRecord;
    limit_ = plain_bytes_max(wrapper.value->size());
    const auto header = wrapper.magic == 0 ? Lz4Header::kUnchecked : Lz4Header::kChecked;
    if (!decompressor_.begin(codec, *wrapper.value, header)) return Errc::kMalformed;
    return {};
}

Result<std::optional<OldMessage>> WrapperReader::next_in(RecordBlock& block,
                                                         const OldMessage& wrapper) {
    using Next = std::optional<OldMessage>;
    ByteView bytes;
    if (!block.take(kBatchOverheadBytes, bytes, scratch_)) return Next();
    const auto offset = load_be<std::int64_t>(bytes.data());
    const auto size = load_be<std::int32_t>(&bytes[8]);
    if (size < static_cast<std::int32_t>(kSizeMin)) return Errc::kCorruptBatch;
    if (!block.take(static_cast<std::size_t>(size), bytes, scratch_)) return Next();
    auto message = parse_message(offset, bytes);
    if (!message) return message.error();
    if (message->magic != wrapper.magic || message->is_wrapper()) return Errc::kInvalidRecord;
    if (wrapper.is_append_time()) message->timestamp = wrapper.timestamp;
    return Next(*message);
}

}  // namespace millrace
