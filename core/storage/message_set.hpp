// Messages of magic 0 and 1: the records of clients before Kafka 0.11, one after the other.
//
//    0 offset i64       8 size i32 of all that follows      12 CRC-32 u32 of all behind it
//   16 magic i8        17 attributes i8                     18 time i64, in magic 1 only
//   then key and value, each behind its length i32, -1 for null
//
// A message whose attributes name a codec is a wrapper: its value is a block of messages. Its
// offset is that of the last one, and the others of magic 1 count from the wrapper's first.
#pragma once

#include "core/storage/record_batch.hpp"
#include "core/storage/record_walk.hpp"

#include <optional>

namespace millrace {

inline constexpr std::int8_t kMessageMagicMax = 1;
/// What no message is shorter than, offset and size included.
inline constexpr std::size_t kMessageBytesMin = 26;

/// The checksum of messages (that of zlib), over everything behind it.
std::uint32_t message_crc(ByteView covered);

/// A message whose key and value lie in somebody else's memory. Null is not empty.
struct OldMessage {
    std::int64_t offset{};
    std::int8_t magic{};
    std::uint8_t attributes{};
    TimestampMs timestamp = kNoTimestamp;
    std::optional<ByteView> key;
    std::optional<ByteView> value;

    std::uint8_t codec_bits() const { return attributes & 7U; }
    bool is_wrapper() const { return codec_bits() != 0; }
    bool is_append_time() const { return magic > 0 && (attributes & 8U) != 0; }
};

/// The message whose bytes from the checksum on are `body`. Errc::kCorruptBatch when the checksum
/// or a size does not hold.
Result<OldMessage> parse_message(std::int64_t offset, ByteView body);

/// Reads what is in wrappers, and keeps the memory that it needs between them.
class WrapperReader {
public:
    explicit WrapperReader(Decompressor& decompressor) : decompressor_(decompressor) {}

    /// Calls `on_message(OldMessage)` for each message in `wrapper`, with the offset that stands in
    /// it, and with the wrapper's time where that is the time of all. The message is borrowed for
    /// the call. A cut-off one at the end is left out, as Kafka does.
    ///
    /// Errc::kCorruptBatch for a checksum or size, kMalformed when the block does not decompress,
    /// kTooLarge when it grows over plain_bytes_max(), kUnsupportedCodec, kInvalidRecord for
    /// anything else that no wrapper holds: another wrapper, another format, nothing.
    template <class OnMessage>
    Result<void> read(const OldMessage& wrapper, OnMessage on_message) {
        const auto begun = begin(wrapper);
        if (!begun) return begun.error();
        RecordBlock block(decompressor_, limit_);
        std::optional<std::int64_t> last;
        while (!block.at_end()) {
            const auto next = next_in(block, wrapper);
            if (!next) return next.error();
            if (!*next) break;
            last = (*next)->offset;
            on_message(**next);
        }
        if (block.error()) return block.error();
        const bool beyond = wrapper.magic > 0 && wrapper.offset != 0 && wrapper.offset < last;
        if (!last || beyond) return Errc::kInvalidRecord;
        return {};
    }

private:
    Result<void> begin(const OldMessage& wrapper);
    /// Nothing when what is left is no whole message.
    Result<std::optional<OldMessage>> next_in(RecordBlock& block, const OldMessage& wrapper);

    Decompressor& decompressor_;
    std::uint64_t limit_{};
    Bytes scratch_;
};

}  // namespace millrace
