// How long the journal's next frame waits for more.
//
// Producers that were answered together send again together, and a little later. A frame that
// begins without them leaves two halves that take turns on the disk ever after, each with frames
// of its own. So a frame waits for as many appends as those that were just answered and those that
// came meanwhile, at most for as long as the last frame took to write: then they would have done
// as well in the one behind.
#pragma once

#include "core/runtime/world.hpp"

#include <algorithm>

namespace millrace {

/// Owned by its Journal, on that journal's shard. Waits less often when nobody comes.
class FrameGathering {
public:
    /// Beyond this a frame is worth its write.
    static constexpr std::size_t kFrameBytesMax = 64 << 10;
    static constexpr Duration kWaitMax = std::chrono::milliseconds(1);
    /// Frames that don't wait, at most, behind waits for nobody.
    static constexpr unsigned kFramesLeftOutMax = 64;

    /// A frame with `appends`, `bytes` long, took from `begun` until `now`; so many appends wait.
    void on_written(std::size_t appends, std::size_t bytes, Time begun, Time now,
                    std::size_t waiting) {
        answered_ = appends;
        waited_already_ = waiting;
        wanted_ = 0;
        if (bytes > kFrameBytesMax) return;
        if (left_out_ > 0) {
            --left_out_;
            return;
        }
        wanted_ = answered_ + waited_already_;
        until_ = now + std::min(now - begun, kWaitMax);
    }

    /// The next frame begins with `appends`. What was waited for in vain isn't for a while.
    void on_begun(std::size_t appends, Time now) {
        const bool waited = wanted_ > 1 && now >= until_ && appends < wanted_;
        if (!waited) {
            if (appends >= wanted_) in_vain_ = 0;
            return;
        }
        const std::size_t came = appends - std::min(appends, waited_already_);
        in_vain_ = 2 * came < answered_ ? std::min(2 * in_vain_ + 1, kFramesLeftOutMax) : 0;
        left_out_ = in_vain_;
    }

    /// How many appends are worth to wait for.
    std::size_t wanted() const { return wanted_; }
    Time until() const { return until_; }

private:
    std::size_t answered_{};
    std::size_t waited_already_{};
    std::size_t wanted_{};
    Time until_{};
    unsigned in_vain_{};
    unsigned left_out_{};
};

}  // namespace millrace
