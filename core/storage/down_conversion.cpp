#include "core/storage/down_conversion.hpp"

#include "core/storage/batch_headers.hpp"
#include "core/storage/message_set_writer.hpp"
#include "core/storage/record_reader.hpp"

namespace millrace {
namespace {

class DownConversion {
public:
    DownConversion(const OldFormat& format, Decompressor& decompressor)
        : format_(format), reader_(decompressor) {}

    /// The set may have ended before this batch then.
    Result<void> add(const RecordBatchView& batch) {
        if (batch.is_control()) return {};
        const std::size_t before = set_.size();
        if (batch.codec() == Codec::kZstd) {
            ended_ = before > 0;
            if (!ended_) return Errc::kUnsupportedCodec;
            return {};
        }
        const auto converted = convert(batch);
        if (!converted) return converted.error();
        ended_ = before > 0 && set_.size() > format_.bytes_max;
        if (ended_) set_.resize(before);
        return {};
    }

    bool ended() const { return ended_; }
    Bytes take() && { return std::move(set_); }

private:
    Result<void> convert(const RecordBatchView& batch) {
        MessageFrame frame{.magic = format_.magic, .codec = batch.codec()};
        if (batch.is_append_time()) frame.append_time = batch.max_timestamp();
        const bool plain = batch.codec() == Codec::kNone;
        MessageSetWriter writer(frame, set_);
        const auto read = reader_.read(batch, [&](const RecordView& record) {
            const Offset offset = batch.base_offset() + record.offset_delta;
            if (plain && offset < format_.from) return true;
            const auto timestamp =
                static_cast<TimestampMs>(static_cast<std::uint64_t>(batch.base_timestamp()) +
                                         static_cast<std::uint64_t>(record.timestamp_delta));
            writer.append(offset.value, timestamp, record.key, record.value);
            return true;
        });
        if (!read) return Errc::kCorruptBatch;
        writer.finish();
        return {};
    }

    const OldFormat& format_;
    RecordReader reader_;
    Bytes set_;
    bool ended_{};
};

}  // namespace

Result<Bytes> convert_down(const Parts& batches, const OldFormat& format,
                           Decompressor& decompressor) {
    DownConversion conversion(format, decompressor);
    std::array<std::byte, kBatchHeaderBytes> header;
    Bytes whole;
    for (std::size_t at = 0; copy_out(batches, at, header) == header.size();) {
        whole.resize(RecordBatchView(header).size_in_bytes());
        const bool is_whole = copy_out(batches, at, whole) == whole.size();
        if (!is_whole || RecordBatchView(header).codec_bits() > 4) return Errc::kCorruptBatch;
        const auto added = conversion.add(RecordBatchView(whole));
        if (!added) return added.error();
        if (conversion.ended()) break;
        at += whole.size();
    }
    return std::move(conversion).take();
}

}  // namespace millrace
