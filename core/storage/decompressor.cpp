#include "core/storage/decompressor.hpp"

#include "core/base/assert.hpp"
#include "core/storage/xerial.hpp"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;
constexpr std::size_t kKeptBytesMax = 8 << 20;

class PlainStream final : public Decompressor::Stream {
public:
    Result<void> begin(ByteView block) override {
        rest_ = block;
        return {};
    }
    Result<ByteView> next(MutableBytes) override { return std::exchange(rest_, {}); }

private:
    ByteView rest_;
};

class GzipStream final : public Decompressor::Stream {
public:
    GzipStream() {
        constexpr int kGzipWindowBits = 15 + 16;  // 16 asks for gzip's header instead of zlib's
        expect(inflateInit2(&stream_, kGzipWindowBits) == Z_OK, "out of memory");
    }
    ~GzipStream() override { inflateEnd(&stream_); }

    Result<void> begin(ByteView compressed) override {
        // zlib counts in 32 bits; a batch is below 2 GiB by its own length field.
        if (compressed.size() > std::numeric_limits<uInt>::max()) return Errc::kTooLarge;
        inflateReset(&stream_);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(compressed.data()));
        stream_.avail_in = static_cast<uInt>(compressed.size());
        ended_ = false;
        return {};
    }

    Result<ByteView> next(MutableBytes room) override {
        while (!ended_) {
            stream_.next_out = reinterpret_cast<Bytef*>(room.data());
            stream_.avail_out = static_cast<uInt>(room.size());
            const int status = inflate(&stream_, Z_NO_FLUSH);
            const std::size_t written = room.size() - stream_.avail_out;
            if (status == Z_STREAM_END) {
                ended_ = stream_.avail_in == 0;
                // gzip allows members one after another, and Java's reader joins them.
                if (!ended_) inflateReset(&stream_);
            } else if (status != Z_OK) {
                return Errc::kMalformed;
            }
            if (written > 0) return ByteView(room.first(written));
            if (status == Z_OK && stream_.avail_in == 0) return Errc::kMalformed;
        }
        return ByteView();
    }

private:
    z_stream stream_{};
    bool ended_{};
};

class SnappyStream final : public Decompressor::Stream {
public:
    Result<void> begin(ByteView compressed) override {
        rest_ = compressed;
        framed_ = has_xerial_header(compressed);
        raw_done_ = false;
        if (plain_.capacity() > kKeptBytesMax) plain_ = Bytes();
        return {};
    }

    Result<ByteView> next(MutableBytes) override {
        if (!framed_) {
            if (std::exchange(raw_done_, true)) return ByteView();
            return read_block(rest_);
        }
        while (!rest_.empty()) {
            // A writer that appends to a stream repeats the header.
            if (has_xerial_header(rest_)) {
                rest_ = rest_.subspan(kXerialHeaderBytes);
                continue;
            }
            if (rest_.size() < 4) return Errc::kMalformed;
            const auto length = load_be<std::int32_t>(rest_.data());
            rest_ = rest_.subspan(4);
            if (length <= 0 || static_cast<std::size_t>(length) > rest_.size()) {
                return Errc::kMalformed;
            }
            const ByteView block = rest_.first(static_cast<std::size_t>(length));
            rest_ = rest_.subspan(block.size());
            const auto plain = read_block(block);
            if (!plain || !plain->empty()) return plain;
        }
        return ByteView();
    }

private:
    Result<ByteView> read_block(ByteView block) {
        // Snappy's densest element makes 64 bytes of 3: a larger claim is a lie and costs nothing.
        constexpr std::size_t kRatioMax = 22;
        const auto* const data = reinterpret_cast<const char*>(block.data());
        std::size_t size = 0;
        if (snappy_uncompressed_length(data, block.size(), &size) != SNAPPY_OK ||
            size / kRatioMax > block.size()) {
            return Errc::kMalformed;
        }
        // Snappy wants an address even for nothing.
        if (plain_.size() < size + 1) plain_.resize(size + 1);
        if (snappy_uncompress(data, block.size(), reinterpret_cast<char*>(plain_.data()), &size) !=
            SNAPPY_OK) {
            return Errc::kMalformed;
        }
        return ByteView(plain_).first(size);
    }

    ByteView rest_;
    bool framed_{};
    bool raw_done_{};
    Bytes plain_;
};

class Lz4Stream final : public Decompressor::Stream {
public:
    Lz4Stream() {
        expect(!LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)),
               "out of memory");
    }
    ~Lz4Stream() override { LZ4F_freeDecompressionContext(context_); }

    Result<void> begin(ByteView compressed) override {
        LZ4F_resetDecompressionContext(context_);
        rest_ = compressed;
        ended_ = false;
        if (!is_readable_by_java(compressed)) return Errc::kMalformed;
        return {};
    }

    /// Lets the frame's header pass with any checksum. REQUIRES: begin().
    Result<void> pass_header() {
        const auto flags = std::to_integer<unsigned>(rest_[kFlagsAt]);
        const bool says_size = (flags & 0x08U) != 0;
        const std::size_t size = LZ4F_HEADER_SIZE_MIN + (says_size ? sizeof(std::uint64_t) : 0);
        if (rest_.size() < size) return Errc::kMalformed;
        const Bytes header = equal_header(flags, std::to_integer<unsigned>(rest_[kFlagsAt + 1]));
        if (header.empty()) return Errc::kMalformed;
        std::size_t taken = header.size();
        std::size_t written = 0;
        const std::size_t hint =
            LZ4F_decompress(context_, nullptr, &written, header.data(), &taken, nullptr);
        if (LZ4F_isError(hint) || taken != header.size()) return Errc::kMalformed;
        rest_ = rest_.subspan(size);
        return {};
    }

    Result<ByteView> next(MutableBytes room) override {
        while (!ended_) {
            std::size_t written = room.size();
            std::size_t taken = rest_.size();
            const std::size_t hint =
                LZ4F_decompress(context_, room.data(), &written, rest_.data(), &taken, nullptr);
            if (LZ4F_isError(hint)) return Errc::kMalformed;
            rest_ = rest_.subspan(taken);
            // Kafka's reader takes one frame, so bytes behind it are not data.
            ended_ = hint == 0;
            if (ended_ && !rest_.empty()) return Errc::kMalformed;
            if (written > 0) return ByteView(room.first(written));
            if (!ended_ && taken == 0) return Errc::kMalformed;
        }
        return ByteView();
    }

private:
    /// Kafka's reader refuses other frames than LZ4's own, blocks that refer to each other, and
    /// dictionaries. A batch that no Java consumer can read must not get into a log.
    static bool is_readable_by_java(ByteView frame) {
        constexpr std::array kMagic = {std::byte{0x04}, std::byte{0x22}, std::byte{0x4d},
                                       std::byte{0x18}};
        if (frame.size() <= kMagic.size()) return false;
        if (!std::equal(kMagic.begin(), kMagic.end(), frame.begin())) return false;
        static_assert(kMagic.size() == kFlagsAt);
        const auto flags = std::to_integer<unsigned>(frame[kFlagsAt]);
        const bool independent = (flags & 0x20U) != 0;
        const bool reserved_or_dictionary = (flags & 0x03U) != 0;
        return independent && !reserved_or_dictionary;
    }

    /// A header as liblz4 itself writes it for these flags, without the size of what is in it.
    /// Nothing when there is no such size of blocks.
    static Bytes equal_header(unsigned flags, unsigned block_sizes) {
        const unsigned block_size = (block_sizes >> 4U) & 7U;
        if (block_size < LZ4F_max64KB) return {};
        LZ4F_preferences_t wanted{};
        wanted.frameInfo.blockMode = LZ4F_blockIndependent;
        wanted.frameInfo.blockSizeID = static_cast<LZ4F_blockSizeID_t>(block_size);
        if ((flags & 0x10U) != 0) wanted.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
        if ((flags & 0x04U) != 0) {
            wanted.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
        }
        LZ4F_cctx* context = nullptr;
        expect(!LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)),
               "out of memory");
        Bytes header(LZ4F_HEADER_SIZE_MAX);
        const std::size_t size = LZ4F_compressBegin(context, header.data(), header.size(), &wanted);
        LZ4F_freeCompressionContext(context);
        header.resize(LZ4F_isError(size) ? 0 : size);
        return header;
    }

    static constexpr std::size_t kFlagsAt = 4;

    LZ4F_dctx* context_{};
    ByteView rest_;
    bool ended_{};
};

class ZstdStream final : public Decompressor::Stream {
public:
    Result<void> begin(ByteView compressed) override {
        if (context_ && ZSTD_sizeof_DCtx(context_.get()) > kKeptBytesMax) context_.reset();
        if (!context_) {
            // 128 MiB, which is what zstd's own tools and Kafka's Java binding accept unasked.
            constexpr int kWindowLogMax = 27;
            context_.reset(ZSTD_createDCtx());
            expect(context_ != nullptr, "out of memory");
            ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLogMax);
        }
        ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
        input_ = {compressed.data(), compressed.size(), 0};
        ended_ = false;
        return {};
    }

    Result<ByteView> next(MutableBytes room) override {
        while (!ended_) {
            ZSTD_outBuffer output{room.data(), room.size(), 0};
            const std::size_t before = input_.pos;
            const std::size_t status = ZSTD_decompressStream(context_.get(), &output, &input_);
            if (ZSTD_isError(status)) return Errc::kMalformed;
            ended_ = status == 0 && input_.pos == input_.size;
            if (output.pos > 0) return ByteView(room.first(output.pos));
            if (!ended_ && input_.pos == before) return Errc::kMalformed;
        }
        return ByteView();
    }

private:
    struct Free {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };

    std::unique_ptr<ZSTD_DCtx, Free> context_;
    ZSTD_inBuffer input_{};
    bool ended_{};
};

std::unique_ptr<Decompressor::Stream> make_stream(Codec codec) {
    switch (codec) {
        case Codec::kNone: return std::make_unique<PlainStream>();
        case Codec::kGzip: return std::make_unique<GzipStream>();
        case Codec::kSnappy: return std::make_unique<SnappyStream>();
        case Codec::kLz4: return std::make_unique<Lz4Stream>();
        case Codec::kZstd: return std::make_unique<ZstdStream>();
    }
    return nullptr;
}

}  // namespace

Decompressor::Decompressor() = default;
Decompressor::~Decompressor() = default;

Result<void> Decompressor::begin(Codec codec, ByteView compressed, Lz4Header header) {
    const auto at = static_cast<std::size_t>(codec);
    expect(at < streams_.size(), "a codec that is known");
    if (piece_.empty()) piece_.resize(kPieceBytes);
    if (!streams_[at]) streams_[at] = make_stream(codec);
    current_ = streams_[at].get();
    const auto begun = current_->begin(compressed);
    if (!begun || codec != Codec::kLz4 || header == Lz4Header::kChecked) return begun;
    return static_cast<Lz4Stream*>(current_)->pass_header();
}

Result<ByteView> Decompressor::next() { return current_->next(piece_); }

}  // namespace millrace
