#include "core/base/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace millrace {
namespace {

// All of this works on the bit-reflected form: the lowest bit is the highest power.
constexpr std::uint32_t kPolynomial = 0x82f63b78;

using Table = std::array<std::uint32_t, 256>;

constexpr std::uint32_t step_bit(std::uint32_t state) {
    return (state >> 1) ^ ((state & 1) != 0 ? kPolynomial : 0);
}

/// Slice k holds what a byte contributes when k more bytes follow it.
constexpr std::array<Table, 8> make_slices() {
    std::array<Table, 8> slices{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t state = byte;
        for (int bit = 0; bit < 8; ++bit) state = step_bit(state);
        slices[0][byte] = state;
    }
    for (std::size_t slice = 1; slice < 8; ++slice) {
        for (std::uint32_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = slices[slice - 1][byte];
            slices[slice][byte] = (before >> 8) ^ slices[0][before & 0xff];
        }
    }
    return slices;
}

constexpr std::array<Table, 8> kSlices = make_slices();

std::uint32_t step_byte(std::uint32_t state, std::byte byte) {
    return (state >> 8) ^ kSlices[0][(state ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
}

std::uint64_t load_le64(const std::byte* at) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

}  // namespace

namespace crc32c_detail {

std::uint32_t by_tables(ByteView bytes, std::uint32_t seed) noexcept {
    std::uint32_t state = ~seed;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        const std::uint64_t word = load_le64(at) ^ state;
        state = 0;
        for (unsigned index = 0; index < 8; ++index)
            state ^= kSlices[7 - index][(word >> (8 * index)) & 0xff];
    }
    for (; left > 0; --left, ++at) state = step_byte(state, *at);
    return ~state;
}

}  // namespace crc32c_detail

#if defined(__x86_64__)
namespace {

// The crc32 instruction takes three cycles but starts every cycle, so three independent lanes keep
// it busy. Lanes are joined by moving a lane's state over as many zero bytes as follow it, which is
// linear in the state: four lookups. Two lane lengths, because batches of 1 KiB deserve it as well.
constexpr std::size_t kLongLane = 2048;
constexpr std::size_t kShortLane = 256;

using Matrix = std::array<std::uint32_t, 32>;

constexpr std::uint32_t apply(const Matrix& matrix, std::uint32_t state) {
    std::uint32_t moved = 0;
    for (std::size_t bit = 0; state != 0; ++bit, state >>= 1)
        if ((state & 1) != 0) moved ^= matrix[bit];
    return moved;
}

struct ZeroShift {
    std::array<Table, 4> tables;

    std::uint32_t operator()(std::uint32_t state) const {
        return tables[0][state & 0xff] ^ tables[1][(state >> 8) & 0xff] ^
               tables[2][(state >> 16) & 0xff] ^ tables[3][state >> 24];
    }
};

/// Moves a state over `length` zero bytes. REQUIRES a power of two.
constexpr ZeroShift make_zero_shift(std::size_t length) {
    Matrix matrix{};
    for (std::size_t bit = 0; bit < 32; ++bit) matrix[bit] = step_bit(std::uint32_t{1} << bit);
    for (std::size_t bits = 1; bits < length * 8; bits *= 2) {
        Matrix squared{};
        for (std::size_t bit = 0; bit < 32; ++bit) squared[bit] = apply(matrix, matrix[bit]);
        matrix = squared;
    }
    ZeroShift shift{};
    for (std::size_t place = 0; place < 4; ++place)
        for (std::uint32_t byte = 0; byte < 256; ++byte)
            shift.tables[place][byte] = apply(matrix, byte << (8 * place));
    return shift;
}

constexpr ZeroShift kOverLongLane = make_zero_shift(kLongLane);
constexpr ZeroShift kOverShortLane = make_zero_shift(kShortLane);

template <std::size_t kLane>
__attribute__((target("sse4.2"))) std::uint64_t three_lanes(const std::byte* at,
                                                            std::uint64_t state,
                                                            const ZeroShift& over_lane) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t done = 0; done < kLane; done += 8) {
        state = _mm_crc32_u64(state, load_le64(at + done));
        second = _mm_crc32_u64(second, load_le64(at + kLane + done));
        third = _mm_crc32_u64(third, load_le64(at + 2 * kLane + done));
    }
    state = over_lane(static_cast<std::uint32_t>(state)) ^ second;
    return over_lane(static_cast<std::uint32_t>(state)) ^ third;
}

}  // namespace

namespace crc32c_detail {

bool has_hardware() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t by_hardware(ByteView bytes,
                                                            std::uint32_t seed) noexcept {
    std::uint64_t state = ~seed;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 3 * kLongLane; left -= 3 * kLongLane, at += 3 * kLongLane)
        state = three_lanes<kLongLane>(at, state, kOverLongLane);
    for (; left >= 3 * kShortLane; left -= 3 * kShortLane, at += 3 * kShortLane)
        state = three_lanes<kShortLane>(at, state, kOverShortLane);
    for (; left >= 8; left -= 8, at += 8) state = _mm_crc32_u64(state, load_le64(at));
    auto narrow = static_cast<std::uint32_t>(state);
    for (; left > 0; --left, ++at)
        narrow = _mm_crc32_u8(narrow, std::to_integer<unsigned char>(*at));
    return ~narrow;
}

}  // namespace crc32c_detail
#else
namespace crc32c_detail {

bool has_hardware() noexcept { return false; }
std::uint32_t by_hardware(ByteView bytes, std::uint32_t seed) noexcept {
    return by_tables(bytes, seed);
}

}  // namespace crc32c_detail
#endif

std::uint32_t crc32c(ByteView bytes, std::uint32_t seed) noexcept {
    return crc32c_detail::has_hardware() ? crc32c_detail::by_hardware(bytes, seed)
                                         : crc32c_detail::by_tables(bytes, seed);
}

}  // namespace millrace
