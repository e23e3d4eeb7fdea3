#include "core/storage/compression.hpp"

#include "core/storage/compressor.hpp"
#include "core/storage/decompressor.hpp"

#include <algorithm>
#include <array>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"none", "gzip", "snappy", "lz4", "zstd"};

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

Bytes compress(Codec codec, ByteView bytes, std::optional<int> level) {
    Bytes out;
    Compressor compressor(codec, level, out);
    compressor.write(bytes);
    compressor.finish();
    return out;
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
