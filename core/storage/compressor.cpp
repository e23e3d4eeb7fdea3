#include "core/storage/compressor.hpp"

#include "core/base/assert.hpp"
#include "core/storage/xerial.hpp"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kOutputStep = 16 << 10;

class PlainStream final : public Compressor::Stream {
public:
    explicit PlainStream(Bytes& out) : out_(out) {}
    void write(ByteView piece) override { append_bytes(out_, piece); }
    void finish() override {}

private:
    Bytes& out_;
};

class GzipStream final : public Compressor::Stream {
public:
    GzipStream(int level, Bytes& out) : out_(out) {
        constexpr int kGzipWindowBits = 15 + 16;  // 16 asks for gzip's header instead of zlib's
        constexpr int kMemoryLevel = 8;
        const int status = deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                                        Z_DEFAULT_STRATEGY);
        expect(status == Z_OK, "a level of zlib's, and memory");
    }
    ~GzipStream() override { deflateEnd(&stream_); }

    void write(ByteView piece) override { deflate_all(piece, Z_NO_FLUSH); }
    void finish() override { deflate_all({}, Z_FINISH); }

private:
    void deflate_all(ByteView piece, int flush) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        do {
            const std::size_t before = out_.size();
            out_.resize(before + kOutputStep);
            stream_.next_out = reinterpret_cast<Bytef*>(out_.data() + before);
            stream_.avail_out = static_cast<uInt>(kOutputStep);
            deflate(&stream_, flush);
            out_.resize(out_.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

    z_stream stream_{};
    Bytes& out_;
};

/// Cut into blocks as Java's clients do it.
class SnappyStream final : public Compressor::Stream {
public:
    explicit SnappyStream(Bytes& out) : out_(out) {
        append_bytes(out_, kXerialMagic);
        constexpr std::array kVersions = {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1},
                                          std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
        append_bytes(out_, kVersions);
    }

    void write(ByteView piece) override {
        constexpr std::size_t kBlockBytes = 32 << 10;
        while (!piece.empty()) {
            const ByteView block = piece.first(std::min(piece.size(), kBlockBytes));
            write_block(block);
            piece = piece.subspan(block.size());
        }
    }
    void finish() override {}

private:
    void write_block(ByteView block) {
        std::size_t written = snappy_max_compressed_length(block.size());
        const std::size_t length_at = out_.size();
        const std::size_t block_at = length_at + 4;
        out_.resize(block_at + written);
        const auto status =
            snappy_compress(reinterpret_cast<const char*>(block.data()), block.size(),
                            reinterpret_cast<char*>(out_.data() + block_at), &written);
        expect(status == SNAPPY_OK, "room for the most that snappy writes");
        store_be(out_.data() + length_at, static_cast<std::int32_t>(written));
        out_.resize(block_at + written);
    }

    Bytes& out_;
};

class Lz4Stream final : public Compressor::Stream {
public:
    Lz4Stream(int level, Bytes& out) : out_(out) {
        // Kafka's Java reader refuses frames whose blocks refer to each other.
        preferences_.frameInfo.blockMode = LZ4F_blockIndependent;
        preferences_.frameInfo.blockSizeID = LZ4F_max64KB;
        preferences_.compressionLevel = level;
        expect(!LZ4F_isError(LZ4F_createCompressionContext(&context_, LZ4F_VERSION)),
               "out of memory");
        append(LZ4F_HEADER_SIZE_MAX, [this](std::byte* at, std::size_t room) {
            return LZ4F_compressBegin(context_, at, room, &preferences_);
        });
    }
    ~Lz4Stream() override { LZ4F_freeCompressionContext(context_); }

    void write(ByteView piece) override {
        append(LZ4F_compressBound(piece.size(), &preferences_), [this, piece](std::byte* at,
                                                                              std::size_t room) {
            return LZ4F_compressUpdate(context_, at, room, piece.data(), piece.size(), nullptr);
        });
    }

    void finish() override {
        append(LZ4F_compressBound(0, &preferences_), [this](std::byte* at, std::size_t room) {
            return LZ4F_compressEnd(context_, at, room, nullptr);
        });
    }

private:
    template <class Fill>
    void append(std::size_t room, Fill fill) {
        const std::size_t before = out_.size();
        out_.resize(before + room);
        const std::size_t written = fill(out_.data() + before, room);
        expect(!LZ4F_isError(written), "room for the most that lz4 writes");
        out_.resize(before + written);
    }

    LZ4F_cctx* context_{};
    LZ4F_preferences_t preferences_{};
    Bytes& out_;
};

class ZstdStream final : public Compressor::Stream {
public:
    ZstdStream(int level, Bytes& out) : context_(ZSTD_createCCtx()), out_(out) {
        expect(context_ != nullptr, "out of memory");
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    }
    ~ZstdStream() override { ZSTD_freeCCtx(context_); }

    void write(ByteView piece) override { compress_all(piece, ZSTD_e_continue); }
    void finish() override { compress_all({}, ZSTD_e_end); }

private:
    void compress_all(ByteView piece, ZSTD_EndDirective directive) {
        ZSTD_inBuffer input{piece.data(), piece.size(), 0};
        std::size_t left = 0;
        do {
            const std::size_t before = out_.size();
            out_.resize(before + kOutputStep);
            ZSTD_outBuffer output{out_.data() + before, kOutputStep, 0};
            left = ZSTD_compressStream2(context_, &output, &input, directive);
            expect(!ZSTD_isError(left), "memory for zstd");
            out_.resize(before + output.pos);
        } while (directive == ZSTD_e_end ? left > 0 : input.pos < input.size);
    }

    ZSTD_CCtx* context_;
    Bytes& out_;
};

/// Kafka's level 9 is the fast compressor, every other one the slow one at that level.
int lz4_level(std::optional<int> level) {
    constexpr int kKafkaDefault = 9;
    constexpr int kFast = 0;
    constexpr int kSlowMin = 3;
    return level.value_or(kKafkaDefault) == kKafkaDefault ? kFast : std::max(*level, kSlowMin);
}

std::unique_ptr<Compressor::Stream> make_stream(Codec codec, std::optional<int> level, Bytes& out) {
    switch (codec) {
        case Codec::kNone: return std::make_unique<PlainStream>(out);
        case Codec::kGzip:
            return std::make_unique<GzipStream>(level.value_or(Z_DEFAULT_COMPRESSION), out);
        case Codec::kSnappy: return std::make_unique<SnappyStream>(out);
        case Codec::kLz4: return std::make_unique<Lz4Stream>(lz4_level(level), out);
        case Codec::kZstd:
            return std::make_unique<ZstdStream>(level.value_or(ZSTD_CLEVEL_DEFAULT), out);
    }
    return nullptr;
}

}  // namespace

Compressor::Compressor(Codec codec, std::optional<int> level, Bytes& out)
    : stream_(make_stream(codec, level, out)) {
    expect(stream_ != nullptr, "a codec that is known");
}

Compressor::~Compressor() = default;

void Compressor::pass_on() {
    stream_->write(piece_);
    piece_.clear();
}

void Compressor::finish() {
    pass_on();
    stream_->finish();
}

}  // namespace millrace
