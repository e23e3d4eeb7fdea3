// Compression piece by piece: what goes into a block costs no memory beside what comes out.
#pragma once

#include "core/base/bytes.hpp"
#include "core/storage/compression.hpp"

#include <memory>
#include <optional>

namespace millrace {

/// Writes one block. Memory: a piece, and the codec's own context.
class Compressor {
public:
    /// Appends to `out`, which outlives it. `level` as in Kafka's `compression.*.level` keys; each
    /// codec's own default without.
    Compressor(Codec codec, std::optional<int> level, Bytes& out);
    ~Compressor();
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;

    void write(ByteView bytes) {
        while (bytes.size() > kPieceBytes - piece_.size()) {
            const std::size_t room = kPieceBytes - piece_.size();
            append_bytes(piece_, bytes.first(room));
            bytes = bytes.subspan(room);
            pass_on();
        }
        append_bytes(piece_, bytes);
    }

    /// Ends the block; nothing is written behind it.
    void finish();

    /// One codec's writer of a block.
    class Stream {
    public:
        virtual ~Stream() = default;
        virtual void write(ByteView piece) = 0;
        virtual void finish() = 0;
    };

private:
    // A multiple of snappy's blocks.
    static constexpr std::size_t kPieceBytes = 64 << 10;

    void pass_on();

    std::unique_ptr<Stream> stream_;
    Bytes piece_;
};

}  // namespace millrace
