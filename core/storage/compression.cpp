#include "core/storage/compression.hpp"

#include "core/storage/decompressor.hpp"
#include "core/storage/xerial.hpp"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"none", "gzip", "snappy", "lz4", "zstd"};

// gzip.

constexpr int kGzipWindowBits = 15 + 16;  // 16 asks zlib for gzip's header instead of zlib's

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

// snappy.

constexpr std::size_t kXerialBlockBytes = 32 * 1024;
constexpr std::int32_t kXerialVersion = 1;

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
    Decompressor decompressor;
    const auto begun = decompressor.begin(codec, compressed);
    if (!begun) return begun.error();
    Bytes plain;
    for (;;) {
        const auto piece = decompressor.next();
        if (!piece) return piece.error();
        if (piece->empty()) return plain;
        if (piece->size() > limit - plain.size()) return Errc::kTooLarge;
        append_bytes(plain, *piece);
    }
}

}  // namespace millrace
