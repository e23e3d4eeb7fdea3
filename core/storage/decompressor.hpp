// Decompression piece by piece: what a compressed block says about its size costs no memory.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/storage/compression.hpp"

#include <array>
#include <memory>

namespace millrace {

/// Whether the checksum in an LZ4 frame's header counts. In messages of magic 0 it doesn't: Java's
/// clients computed it over the wrong bytes, and go on doing so.
enum class Lz4Header { kChecked, kUnchecked };

/// Reads one block after the other and keeps the codecs' contexts between them. Lives on one shard.
/// Memory: the context of each codec that was used; a zstd window of up to 128 MiB while its block
/// is read, and up to 22 times the block for raw snappy, which has no smaller piece. What is over
/// 8 MiB is given back with the next block.
class Decompressor {
public:
    Decompressor();
    ~Decompressor();
    Decompressor(const Decompressor&) = delete;
    Decompressor& operator=(const Decompressor&) = delete;

    /// Begins a block, which stays where it is until its end is read or the next one begins.
    Result<void> begin(Codec codec, ByteView compressed, Lz4Header header = Lz4Header::kChecked);

    /// The next bytes of the block, borrowed until the next call; none at its end. kMalformed when
    /// the bytes are not what the codec writes, or don't end where its stream does.
    Result<ByteView> next();

    /// One codec's reader of a block.
    class Stream {
    public:
        virtual ~Stream() = default;
        virtual Result<void> begin(ByteView compressed) = 0;
        /// Fills a part of `room`, or gives memory of its own; empty at the end.
        virtual Result<ByteView> next(MutableBytes room) = 0;
    };

private:
    std::array<std::unique_ptr<Stream>, 5> streams_;
    Stream* current_{};
    Bytes piece_;
};

}  // namespace millrace
