#include "core/storage/key_hash.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace millrace {
namespace {

std::uint64_t load_le(const std::byte* at) { return __builtin_bswap64(load_be<std::uint64_t>(at)); }

/// The four words of state that the algorithm turns.
class SipState {
public:
    explicit SipState(const HashSecret& secret)
        : words_{secret.first ^ 0x736f6d6570736575, secret.second ^ 0x646f72616e646f6d ^ 0xee,
                 secret.first ^ 0x6c7967656e657261, secret.second ^ 0x7465646279746573} {}

    void take(std::uint64_t word) {
        words_[3] ^= word;
        turn(2);
        words_[0] ^= word;
    }

    KeyHash finish() {
        words_[2] ^= 0xee;
        turn(4);
        const std::uint64_t first = sum();
        words_[1] ^= 0xdd;
        turn(4);
        return {first, sum()};
    }

private:
    void turn(int rounds) {
        auto& [a, b, c, d] = words_;
        for (int i = 0; i < rounds; ++i) {
            a += b;
            c += d;
            b = std::rotl(b, 13) ^ a;
            d = std::rotl(d, 16) ^ c;
            a = std::rotl(a, 32);
            c += b;
            a += d;
            b = std::rotl(b, 17) ^ c;
            d = std::rotl(d, 21) ^ a;
            c = std::rotl(c, 32);
        }
    }

    std::uint64_t sum() const { return words_[0] ^ words_[1] ^ words_[2] ^ words_[3]; }

    std::array<std::uint64_t, 4> words_;
};

}  // namespace

KeyHash hash_key(const HashSecret& secret, ByteView bytes) {
    SipState state(secret);
    const std::uint64_t size = bytes.size();
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) state.take(load_le(bytes.data()));
    std::array<std::byte, 8> rest{};
    std::copy(bytes.begin(), bytes.end(), rest.begin());
    rest[7] = static_cast<std::byte>(size & 0xff);
    state.take(load_le(rest.data()));
    return state.finish();
}

}  // namespace millrace
