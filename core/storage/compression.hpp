// The four codecs of a record batch's records. Sizes that the bytes declare are never believed:
// decompression grows its output as it goes and stops at the caller's limit.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace {

/// As in bits 0 to 2 of a batch's attributes.
enum class Codec : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

/// The name that `compression.type` uses; "none" for kNone.
std::string_view codec_name(Codec codec) noexcept;

/// The codec that `compression.type` names ("uncompressed" and "none" are both kNone).
std::optional<Codec> codec_named(std::string_view name) noexcept;

/// `bytes` as one block, snappy as Java's clients write it. The level is as in Kafka's
/// `compression.*.level` keys.
Bytes compress(Codec codec, ByteView bytes, std::optional<int> level = std::nullopt);

/// All of `compressed`, which ends exactly where the codec's stream does. kTooLarge when the output
/// would pass `limit` bytes, kMalformed when the bytes are not what the codec writes.
Result<Bytes> decompress(Codec codec, ByteView compressed, std::size_t limit);

}  // namespace millrace
