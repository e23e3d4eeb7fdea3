// Where the operations of a cell go. The place of an operation depends on its number alone, so that
// threads need to share no more than a counter.
#pragma once

#include "perf/access/cell.hpp"

#include <cstdint>

namespace millrace::access {

struct Place {
    std::uint32_t file{};
    std::uint64_t offset{};

    bool operator==(const Place&) const = default;
};

/// The skew of kZipf: the most wanted place is wanted about twice as often as the second.
constexpr double kZipfSkew = 0.99;

/// Immutable, so any number of threads may ask it.
class Places {
public:
    /// `room_bytes` is the length of each file. REQUIRES it to hold one operation.
    Places(const Cell& cell, std::uint64_t room_bytes, std::uint64_t seed);

    /// In order, and from the front again at the end of the room; or at random in the cell's size.
    Place at(std::uint64_t number) const;

    /// After how many operations in order the room is used up.
    std::uint64_t operations_in_order() const { return slots_ * files_; }

private:
    std::uint64_t zipf_slot(std::uint64_t chance) const;

    const Pattern pattern_;
    const std::uint32_t files_;
    const std::uint64_t size_bytes_;
    const std::uint64_t slots_;  // per file
    const std::uint64_t seed_;
    const double zipf_span_;
};

}  // namespace millrace::access
