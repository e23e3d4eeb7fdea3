// A small seedable generator: the same seed gives the same sequence on every machine, which the
// standard library's distributions do not promise. Not for secrets.
#pragma once

#include "core/base/assert.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace millrace {

/// xoshiro256** (Blackman and Vigna, 2018), its state filled from the seed by splitmix64. Usable as
/// a UniformRandomBitGenerator.
class Prng {
public:
    using result_type = std::uint64_t;

    explicit constexpr Prng(std::uint64_t seed) {
        for (std::uint64_t& word : state_) word = split(seed);
    }

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    constexpr result_type operator()() { return next(); }

    constexpr std::uint64_t next() {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// Evenly from 0 to `bound` - 1. REQUIRES bound > 0.
    std::uint64_t below(std::uint64_t bound) {
        expect(bound > 0, "a bound above zero");
        // Draws below 2^64 mod bound would make the low values likelier.
        const std::uint64_t uneven = (0 - bound) % bound;
        std::uint64_t drawn = next();
        while (drawn < uneven) drawn = next();
        return drawn % bound;
    }

    /// Evenly from `low` to `high`, both included. REQUIRES low <= high.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        expect_at_most(low, high, "an interval that is not empty");
        const std::uint64_t width =
            static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
        const std::uint64_t drawn = width == max() ? next() : below(width + 1);
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + drawn);
    }

    /// True in `numerator` of `denominator` draws on average.
    bool chance(std::uint64_t numerator, std::uint64_t denominator) {
        return below(denominator) < numerator;
    }

    /// A generator of its own for a part, so that one part's draws do not shift another's.
    constexpr Prng fork() { return Prng(next()); }

private:
    static constexpr std::uint64_t split(std::uint64_t& state) {
        state += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace millrace
