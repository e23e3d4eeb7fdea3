#include "core/storage/compression.hpp"

#include "core/base/assert.hpp"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"none", "gzip", "snappy", "lz4", "zstd"};

constexpr std::size_t kFirstOutputBytes = 16 * 1024;

/// An output that doubles towards a limit, so that it never holds more than twice what was written.
class BoundedOutput {
public:
    explicit BoundedOutput(std::size_t limit) : limit_(limit) {}

    /// Room behind what is written; empty when the limit is reached.
    MutableBytes room() {
        if (used_ == bytes_.size())
            bytes_.resize(std::min(limit_, std::max(kFirstOutputBytes, bytes_.size() * 2)));
        return MutableBytes(bytes_).subspan(used_);
    }

    /// Exactly `size` more bytes; empty when they would pass the limit. REQUIRES size > 0.
    MutableBytes exactly(std::size_t size) {
        if (size > limit_ - used_) return {};
        bytes_.resize(used_ + size);
        return MutableBytes(bytes_).subspan(used_);
    }

    void wrote(std::size_t size) { used_ += size; }
    bool is_full() const { return used_ == limit_; }

    Bytes take() {
        bytes_.resize(used_);
        return std::move(bytes_);
    }

private:
    const std::size_t limit_;
    Bytes bytes_;
    std::size_t used_ = 0;
};

// At the limit the codecs are asked for one byte more through this slot: a stream that still has
// one is over the limit, a stream that only wants to end may do so.
struct Overflow {
    std::byte slot{};
    MutableBytes view() { return {&slot, 1}; }
};

// gzip.

struct InflateEnd {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

constexpr int kGzipWindowBits = 15 + 16;  // 16 asks zlib for gzip's header instead of zlib's

Result<Bytes> gunzip(ByteView compressed, std::size_t limit) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) return Errc::kMalformed;
    const std::unique_ptr<z_stream, InflateEnd> owner(&stream);
    // zlib counts in 32 bits; a batch is below 2 GiB by its own length field.
    if (compressed.size() > std::numeric_limits<uInt>::max()) return Errc::kTooLarge;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());

    BoundedOutput out(limit);
    Overflow overflow;
    while (true) {
        const bool at_limit = out.is_full();
        const MutableBytes room = at_limit ? overflow.view() : out.room();
        const auto offered = static_cast<uInt>(std::min<std::size_t>(room.size(), 1u << 30));
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = offered;
        const int status = inflate(&stream, Z_NO_FLUSH);
        const std::size_t written = offered - stream.avail_out;
        if (at_limit && written > 0) return Errc::kTooLarge;
        if (!at_limit) out.wrote(written);
        if (status == Z_STREAM_END) {
            if (stream.avail_in == 0) return out.take();
            // gzip allows members one after another, and Java's reader joins them.
            if (inflateReset(&stream) != Z_OK) return Errc::kMalformed;
        } else if (status != Z_OK || (written == 0 && stream.avail_in == 0)) {
            return Errc::kMalformed;
        }
    }
}

Result<Bytes> gzip(ByteView bytes, int level) {
    z_stream stream{};
    constexpr int kMemoryLevel = 8;
    if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return Errc::kInvalidConfig;
    Bytes out(deflateBound(&stream, bytes.size()));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (status != Z_STREAM_END) return Errc::kMalformed;
    return out;
}

// snappy. Xerial's framing: 8 bytes of magic, two version integers, then blocks with their length.

constexpr std::array<std::byte, 8> kXerialMagic = {std::byte{0x82}, std::byte{'S'}, std::byte{'N'},
                                                   std::byte{'A'},  std::byte{'P'}, std::byte{'P'},
                                                   std::byte{'Y'},  std::byte{0}};
constexpr std::size_t kXerialHeaderBytes = 16;
constexpr std::size_t kXerialBlockBytes = 32 * 1024;
constexpr std::int32_t kXerialVersion = 1;

// Snappy's densest element makes 64 bytes of 3, so a larger claim is a lie and costs no memory.
constexpr std::size_t kSnappyRatioMax = 22;

bool has_xerial_header(ByteView bytes) {
    return bytes.size() >= kXerialHeaderBytes &&
           std::ranges::equal(bytes.first(kXerialMagic.size()), kXerialMagic);
}

Error unsnappy_block(ByteView block, BoundedOutput& out) {
    const auto* data = reinterpret_cast<const char*>(block.data());
    std::size_t declared = 0;
    if (snappy_uncompressed_length(data, block.size(), &declared) != SNAPPY_OK)
        return Errc::kMalformed;
    if (declared / kSnappyRatioMax > block.size()) return Errc::kMalformed;
    // An empty output may have no address to offer, and snappy wants one.
    std::byte nothing{};
    const MutableBytes room = declared == 0 ? MutableBytes(&nothing, 1) : out.exactly(declared);
    if (room.empty()) return Errc::kTooLarge;
    std::size_t written = declared == 0 ? 1 : declared;
    if (snappy_uncompress(data, block.size(), reinterpret_cast<char*>(room.data()), &written) !=
        SNAPPY_OK)
        return Errc::kMalformed;
    out.wrote(declared);
    return {};
}

Result<Bytes> unsnappy(ByteView compressed, std::size_t limit) {
    BoundedOutput out(limit);
    if (!has_xerial_header(compressed)) {
        if (const Error error = unsnappy_block(compressed, out)) return error;
        return out.take();
    }
    while (!compressed.empty()) {
        // A writer that appends to a stream repeats the header.
        if (has_xerial_header(compressed)) {
            compressed = compressed.subspan(kXerialHeaderBytes);
            continue;
        }
        if (compressed.size() < 4) return Errc::kMalformed;
        const auto length = load_be<std::int32_t>(compressed.data());
        compressed = compressed.subspan(4);
        if (length <= 0 || static_cast<std::size_t>(length) > compressed.size())
            return Errc::kMalformed;
        const auto block = compressed.first(static_cast<std::size_t>(length));
        if (const Error error = unsnappy_block(block, out)) return error;
        compressed = compressed.subspan(block.size());
    }
    return out.take();
}

Error append_snappy_block(Bytes& out, ByteView block) {
    std::size_t written = snappy_max_compressed_length(block.size());
    const std::size_t start = out.size();
    out.resize(start + written);
    if (snappy_compress(reinterpret_cast<const char*>(block.data()), block.size(),
                        reinterpret_cast<char*>(out.data() + start), &written) != SNAPPY_OK)
        return Errc::kMalformed;
    out.resize(start + written);
    return {};
}

Result<Bytes> snappy(ByteView bytes, SnappyFraming framing) {
    Bytes out;
    if (framing == SnappyFraming::kRaw) {
        if (const Error error = append_snappy_block(out, bytes)) return error;
        return out;
    }
    out.resize(kXerialHeaderBytes);
    std::ranges::copy(kXerialMagic, out.begin());
    store_be(out.data() + 8, kXerialVersion);
    store_be(out.data() + 12, kXerialVersion);
    while (!bytes.empty()) {
        const ByteView block = bytes.first(std::min(bytes.size(), kXerialBlockBytes));
        const std::size_t length_at = out.size();
        out.resize(length_at + 4);
        if (const Error error = append_snappy_block(out, block)) return error;
        store_be(out.data() + length_at, static_cast<std::int32_t>(out.size() - length_at - 4));
        bytes = bytes.subspan(block.size());
    }
    return out;
}

// lz4, in its frame format.

struct FreeLz4 {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

Result<Bytes> unlz4(ByteView compressed, std::size_t limit) {
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return Errc::kMalformed;
    const std::unique_ptr<LZ4F_dctx, FreeLz4> owner(context);
    BoundedOutput out(limit);
    Overflow overflow;
    std::size_t consumed = 0;
    while (true) {
        const bool at_limit = out.is_full();
        const MutableBytes room = at_limit ? overflow.view() : out.room();
        std::size_t written = room.size();
        std::size_t taken = compressed.size() - consumed;
        const std::size_t hint = LZ4F_decompress(context, room.data(), &written,
                                                 compressed.data() + consumed, &taken, nullptr);
        if (LZ4F_isError(hint)) return Errc::kMalformed;
        if (at_limit && written > 0) return Errc::kTooLarge;
        if (!at_limit) out.wrote(written);
        consumed += taken;
        if (hint == 0 && consumed == compressed.size()) return out.take();
        // Kafka's reader takes one frame, so bytes behind it are not data.
        if (hint == 0 || (written == 0 && taken == 0)) return Errc::kMalformed;
    }
}

Result<Bytes> lz4(ByteView bytes) {
    LZ4F_preferences_t preferences{};
    // Kafka's Java reader refuses frames whose blocks refer to each other.
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    Bytes out(LZ4F_compressFrameBound(bytes.size(), &preferences));
    const std::size_t written =
        LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
    if (LZ4F_isError(written)) return Errc::kMalformed;
    out.resize(written);
    return out;
}

// zstd.

struct FreeZstd {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// 128 MiB, which is what zstd's own tools and Kafka's Java binding accept without being asked.
constexpr int kZstdWindowLogMax = 27;

Result<Bytes> unzstd(ByteView compressed, std::size_t limit) {
    const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
    if (!context) return Errc::kMalformed;
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
    BoundedOutput out(limit);
    Overflow overflow;
    ZSTD_inBuffer input{compressed.data(), compressed.size(), 0};
    while (true) {
        const bool at_limit = out.is_full();
        const MutableBytes room = at_limit ? overflow.view() : out.room();
        ZSTD_outBuffer output{room.data(), room.size(), 0};
        const std::size_t taken_before = input.pos;
        const std::size_t status = ZSTD_decompressStream(context.get(), &output, &input);
        if (ZSTD_isError(status)) return Errc::kMalformed;
        if (at_limit && output.pos > 0) return Errc::kTooLarge;
        if (!at_limit) out.wrote(output.pos);
        if (status == 0 && input.pos == input.size) return out.take();
        if (output.pos == 0 && input.pos == taken_before) return Errc::kMalformed;
    }
}

Result<Bytes> zstd(ByteView bytes, int level) {
    Bytes out(ZSTD_compressBound(bytes.size()));
    const std::size_t written =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
    if (ZSTD_isError(written)) return Errc::kMalformed;
    out.resize(written);
    return out;
}

}  // namespace

std::string_view codec_name(Codec codec) noexcept {
    return kNames[static_cast<std::size_t>(codec)];
}

std::optional<Codec> codec_named(std::string_view name) noexcept {
    if (name == "uncompressed") return Codec::kNone;
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<Codec>(found - kNames.begin());
}

Result<Bytes> compress(Codec codec, ByteView bytes, const CompressOptions& options) {
    switch (codec) {
        case Codec::kNone: return Bytes(bytes.begin(), bytes.end());
        case Codec::kGzip: return gzip(bytes, options.level.value_or(Z_DEFAULT_COMPRESSION));
        case Codec::kSnappy: return snappy(bytes, options.snappy);
        case Codec::kLz4: return lz4(bytes);
        case Codec::kZstd: return zstd(bytes, options.level.value_or(ZSTD_CLEVEL_DEFAULT));
    }
    return Errc::kUnsupportedCodec;
}

Result<Bytes> decompress(Codec codec, ByteView compressed, std::size_t limit) {
    switch (codec) {
        case Codec::kNone:
            if (compressed.size() > limit) return Errc::kTooLarge;
            return Bytes(compressed.begin(), compressed.end());
        case Codec::kGzip: return gunzip(compressed, limit);
        case Codec::kSnappy: return unsnappy(compressed, limit);
        case Codec::kLz4: return unlz4(compressed, limit);
        case Codec::kZstd: return unzstd(compressed, limit);
    }
    return Errc::kUnsupportedCodec;
}

}  // namespace millrace
