// Whether a connection is on the shard that has its work, and which one that is.
#pragma once

#include "core/runtime/world.hpp"

#include <limits>
#include <optional>

namespace millrace {

/// The shards that have a part of one request's work.
class WorkPlaces {
public:
    void add(ShardNumber shard) {
        several_ = several_ || (only_ && *only_ != shard);
        only_ = shard;
    }

    bool none() const { return !only_; }
    /// The one that has it all.
    std::optional<ShardNumber> only() const { return several_ ? std::nullopt : only_; }

private:
    std::optional<ShardNumber> only_;
    bool several_{};
};

/// Counts the requests of one connection that, one after the other, had all their work on the same
/// other shard: each of them has paid for a visit that it wouldn't need over there. Requests
/// without work on any shard count for nothing.
class HomeSeeker {
public:
    static constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

    /// After `after` such requests in a row the other shard is the better one.
    HomeSeeker(ShardNumber here, std::uint32_t after) : here_(here), after_(after) {}

    void note(const WorkPlaces& places) {
        if (places.none()) return;
        const auto only = places.only();
        if (!only || *only == here_) {
            count_ = 0;
        } else if (*only == there_) {
            count_ += count_ < after_ ? 1 : 0;
        } else {
            there_ = *only;
            count_ = 1;
        }
    }

    std::optional<ShardNumber> better() const {
        return after_ != kNever && count_ >= after_ ? std::optional(there_) : std::nullopt;
    }

private:
    const ShardNumber here_;
    const std::uint32_t after_;
    ShardNumber there_{};
    std::uint32_t count_{};
};

}  // namespace millrace
