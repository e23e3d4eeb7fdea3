// What this kernel's io_uring can do, found by probe and trial, and what an environment mask has
// switched off so that every fallback can be tested on one kernel.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

enum class RingFeature : std::uint8_t {
    kDeferTaskrun,     // 6.1: completions are posted when the loop asks, not in between
    kCoopTaskrun,      // 5.19: the fallback of the former
    kSubmitAll,        // 5.18: one bad submission does not hold up those behind it
    kRegisteredRing,   // 5.18: entering the ring needs no descriptor lookup
    kNoIowait,         // 6.15: an idle broker is not shown as waiting for a disk
    kFixedBuffers,     // 5.19: writes from registered memory spare the look-up of its pages
    kProvidedBuffers,  // 5.19: a receive that waits holds no memory
    kMsgRing,          // 5.18: a sleeping shard is woken by an entry in its own ring
};

inline constexpr std::array kRingFeatures{
    RingFeature::kDeferTaskrun,    RingFeature::kCoopTaskrun, RingFeature::kSubmitAll,
    RingFeature::kRegisteredRing,  RingFeature::kNoIowait,    RingFeature::kFixedBuffers,
    RingFeature::kProvidedBuffers, RingFeature::kMsgRing};

std::string_view name_of(RingFeature feature);

/// A set of features on one shard's ring.
class RingFeatures {
public:
    static RingFeatures all();
    static RingFeatures none() { return {}; }
    /// All but those named in `mask`, comma-separated; unknown names are ignored.
    static RingFeatures all_but(std::string_view mask);
    /// all_but() of the environment variable MILLRACE_RING_WITHOUT.
    static RingFeatures allowed_by_environment();

    bool has(RingFeature feature) const { return (bits_ & bit(feature)) != 0; }
    void add(RingFeature feature) { bits_ |= bit(feature); }
    void remove(RingFeature feature) { bits_ &= ~bit(feature); }
    /// Names, comma-separated, as in the start line of the log.
    std::string to_string() const;

private:
    static std::uint32_t bit(RingFeature feature) { return 1U << static_cast<unsigned>(feature); }

    std::uint32_t bits_{};
};

}  // namespace millrace
