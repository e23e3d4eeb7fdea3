#include "core/storage/message_set_writer.hpp"

#include "core/base/assert.hpp"

namespace millrace {
namespace {

constexpr std::size_t kSizeAt = 8;
constexpr std::size_t kCrcAt = 12;
constexpr std::size_t kMagicAt = 16;
constexpr int kAppendTimeBit = 8;

/// Where the key's length is.
std::size_t key_at(std::int8_t magic) { return magic == 0 ? 18 : 26; }

void append_field(Bytes& out, const std::optional<ByteView>& field) {
    const std::size_t at = out.size();
    out.resize(at + 4);
    store_be(&out[at], field ? static_cast<std::int32_t>(field->size()) : -1);
    if (field) append_bytes(out, *field);
}

/// Everything before the key. REQUIRES: `message` is a whole one but for this.
void write_front(MutableBytes message, const MessageFrame& frame, std::int64_t offset, Codec codec,
                 TimestampMs timestamp) {
    const bool timed = frame.magic > 0;
    const int attributes =
        static_cast<int>(codec) | (timed && frame.append_time ? kAppendTimeBit : 0);
    store_be(message.data(), offset);
    store_be(&message[kSizeAt], static_cast<std::int32_t>(message.size() - kBatchOverheadBytes));
    message[kMagicAt] = static_cast<std::byte>(frame.magic);
    message[kMagicAt + 1] = static_cast<std::byte>(attributes);
    if (timed) store_be(&message[kMagicAt + 2], frame.append_time.value_or(timestamp));
    store_be(&message[kCrcAt], message_crc(message.subspan(kMagicAt)));
}

/// Clients of magic 0 compute the checksum of an LZ4 frame's header over the frame's own magic
/// too. The header is always the same here.
void break_lz4_header(MutableBytes block) {
    constexpr std::size_t kChecksumAt = 6;
    constexpr std::byte kTheirs{0x1a};
    expect(block[kChecksumAt] == std::byte{0x82}, "the header of 64 KiB blocks on their own");
    block[kChecksumAt] = kTheirs;
}

}  // namespace

MessageSetWriter::MessageSetWriter(const MessageFrame& frame, Bytes& out)
    : frame_(frame), out_(out), begin_(out.size()) {
    if (frame.codec == Codec::kNone) return;
    // The wrapper's key is null; the length of its value follows.
    out_.resize(begin_ + key_at(frame.magic) + 8);
    compressor_.emplace(frame.codec, std::nullopt, out_);
}

void MessageSetWriter::append(std::int64_t offset, TimestampMs timestamp,
                              const std::optional<ByteView>& key,
                              const std::optional<ByteView>& value) {
    if (!first_) first_ = offset;
    last_ = offset;
    max_timestamp_ = std::max(max_timestamp_, timestamp);
    // Within a wrapper of magic 1 they count from the first.
    const bool counts = compressor_ && frame_.magic > 0;
    message_.resize(key_at(frame_.magic));
    append_field(message_, key);
    append_field(message_, value);
    write_front(message_, frame_, counts ? offset - *first_ : offset, Codec::kNone, timestamp);
    if (compressor_) {
        compressor_->write(message_);
    } else {
        append_bytes(out_, message_);
    }
}

void MessageSetWriter::finish() {
    if (!compressor_) return;
    compressor_->finish();
    const MutableBytes wrapper = MutableBytes(out_).subspan(begin_);
    const std::size_t key = key_at(frame_.magic);
    const MutableBytes block = wrapper.subspan(key + 8);
    if (frame_.magic == 0 && frame_.codec == Codec::kLz4) break_lz4_header(block);
    store_be(&wrapper[key], std::int32_t{-1});
    store_be(&wrapper[key + 4], static_cast<std::int32_t>(block.size()));
    write_front(wrapper, frame_, last_, frame_.codec, max_timestamp_);
}

}  // namespace millrace
