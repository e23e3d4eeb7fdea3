// A record batch of magic 2, as it is on the wire and on disk alike.
//
//    0 base offset i64       8 batch length i32     12 partition leader epoch i32   16 magic i8
//   17 CRC-32C u32          21 attributes i16       23 last offset delta i32        27 base time
//   i64 35 max time i64         43 producer id i64      51 producer epoch i16           53 base
//   sequence i32 57 record count i32     61 records, one compressed block when the attributes name
//   a codec
//
// The checksum covers everything from the attributes on, so that a leader can assign offset and
// epoch without computing it again.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/types.hpp"
#include "core/config/topic_config.hpp"
#include "core/storage/compression.hpp"

#include <optional>

namespace millrace {

inline constexpr std::size_t kBatchHeaderBytes = 61;
/// Base offset and batch length: what stands before the bytes that the length counts.
inline constexpr std::size_t kBatchOverheadBytes = 12;
inline constexpr std::int8_t kMagic = 2;

/// A batch in somebody else's memory, whose header lies whole in it.
class RecordBatchView {
public:
    /// REQUIRES: `bytes` begins with a batch header.
    explicit RecordBatchView(ByteView bytes) : bytes_(bytes) {}

    Offset base_offset() const { return Offset{load_be<std::int64_t>(bytes_.data())}; }
    Offset last_offset() const { return base_offset() + last_offset_delta(); }
    std::size_t size_in_bytes() const {
        return kBatchOverheadBytes + static_cast<std::size_t>(load_be<std::int32_t>(&bytes_[8]));
    }
    LeaderEpoch leader_epoch() const { return LeaderEpoch{load_be<std::int32_t>(&bytes_[12])}; }
    std::int8_t magic() const { return static_cast<std::int8_t>(bytes_[16]); }
    std::uint32_t crc() const { return load_be<std::uint32_t>(&bytes_[17]); }
    std::int16_t attributes() const { return load_be<std::int16_t>(&bytes_[21]); }
    std::uint8_t codec_bits() const { return static_cast<std::uint8_t>(attributes() & 7); }
    Codec codec() const { return static_cast<Codec>(codec_bits()); }
    bool is_append_time() const { return (attributes() & 8) != 0; }
    bool is_transactional() const { return (attributes() & 16) != 0; }
    bool is_control() const { return (attributes() & 32) != 0; }
    /// When its tombstones may go, once a cleaner has decided that. The base timestamp tells it
    /// then.
    std::optional<TimestampMs> delete_horizon() const {
        if ((attributes() & 64) == 0) return std::nullopt;
        return base_timestamp();
    }
    std::int32_t last_offset_delta() const { return load_be<std::int32_t>(&bytes_[23]); }
    TimestampMs base_timestamp() const { return load_be<std::int64_t>(&bytes_[27]); }
    TimestampMs max_timestamp() const { return load_be<std::int64_t>(&bytes_[35]); }
    std::int64_t producer_id() const { return load_be<std::int64_t>(&bytes_[43]); }
    std::int16_t producer_epoch() const { return load_be<std::int16_t>(&bytes_[51]); }
    std::int32_t base_sequence() const { return load_be<std::int32_t>(&bytes_[53]); }
    std::int32_t record_count() const { return load_be<std::int32_t>(&bytes_[57]); }
    ByteView records() const {
        return bytes_.subspan(kBatchHeaderBytes, size_in_bytes() - kBatchHeaderBytes);
    }

    /// REQUIRES: the batch lies whole in its bytes.
    std::uint32_t compute_crc() const;
    bool crc_holds() const { return compute_crc() == crc(); }

private:
    ByteView bytes_;
};

/// What a reader of Kafka's makes of the front of `bytes`: a whole batch or message of any magic,
/// nothing but a cut-off one, or neither.
enum class Front { kBatch, kNothing, kCorrupt };
Front look_at_front(ByteView bytes);

/// The batch at the front of `bytes`: nothing but sizes and magic are checked. Errc::kEndOfStream
/// when it does not lie whole in them; kCorruptBatch when no batch can begin like this.
Result<RecordBatchView> parse_batch(ByteView bytes);

/// Makes the batch part of a log. Outside of the checksum on purpose.
inline void assign_offset_and_epoch(MutableBytes batch, Offset base, LeaderEpoch epoch) {
    store_be(batch.data(), base.value);
    store_be(batch.data() + 12, epoch.value);
}

/// Whose times the records have, and the largest of them. The checksum is computed again when this
/// changes anything. REQUIRES: a whole batch.
void set_times(MutableBytes batch, TimestampType type, TimestampMs max_timestamp);

}  // namespace millrace
