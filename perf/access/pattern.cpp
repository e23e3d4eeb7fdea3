#include "perf/access/pattern.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::access {
namespace {

/// The output function of SplitMix64: consecutive inputs give independent outputs.
std::uint64_t scramble(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

constexpr double kOneOver2To53 = 1.0 / 9007199254740992.0;
/// A prime above every number of slots, so that multiplying by it permutes the slots.
constexpr std::uint64_t kScatter = 2654435761;

}  // namespace

Places::Places(const Cell& cell, std::uint64_t room_bytes, std::uint64_t seed)
    : pattern_(cell.pattern),
      files_(cell.files),
      size_bytes_(cell.size_bytes),
      slots_(room_bytes / cell.size_bytes),
      seed_(scramble(seed)),
      zipf_span_(std::pow(static_cast<double>(slots_ + 1), 1 - kZipfSkew) - 1) {}

Place Places::at(std::uint64_t number) const {
    const std::uint64_t chance = scramble(seed_ ^ number);
    switch (pattern_) {
        case Pattern::kSequential: return {0, number % slots_ * size_bytes_};
        case Pattern::kRandom: return {0, chance % slots_ * size_bytes_};
        case Pattern::kZipf: return {0, zipf_slot(chance) * size_bytes_};
        case Pattern::kRoundRobin: break;
    }
    return {static_cast<std::uint32_t>(number % files_), number / files_ % slots_ * size_bytes_};
}

/// Inverts the integral of x^-skew from 1 to slots + 1, which is the zipf distribution but for a
/// few per cent at the first ranks, and needs no table. The ranks are scattered over the file,
/// because what is wanted most seldom lies together.
std::uint64_t Places::zipf_slot(std::uint64_t chance) const {
    const double uniform = static_cast<double>(chance >> 11) * kOneOver2To53;
    const double rank = std::pow(zipf_span_ * uniform + 1, 1 / (1 - kZipfSkew));
    const auto slot = std::min(static_cast<std::uint64_t>(rank) - 1, slots_ - 1);
    return slot * kScatter % slots_;
}

}  // namespace millrace::access
