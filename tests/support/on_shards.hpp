// A test that runs coroutines on the real rings of one shard or several, in a folder of its own
// that goes with it.
#pragma once

#include "core/observe/logger.hpp"
#include "tests/support/on_real_world.hpp"
#include "uring/shard_threads.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace millrace {

/// Keeps the lines of all shards.
class SharedLines final : public LogSink {
public:
    void write(std::string_view line) override {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(line);
    }

    bool contain(std::string_view text) const {
        const std::lock_guard lock(mutex_);
        for (const std::string& line : lines_) {
            if (line.find(text) != std::string::npos) return true;
        }
        return false;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

/// A base of fixtures.
class ShardsInFolder : protected InFolder {
protected:
    explicit ShardsInFolder(ShardNumber count) { take_new_shards(count); }

    /// On shard 0. Shards run to their end once: REQUIRES new ones for each call.
    void run(Task<> task) {
        ASSERT_FALSE(std::exchange(have_run_, true)) << "take new shards first";
        run_to_end(*world_, std::move(task));
    }

    void take_new_shards(ShardNumber count) {
        threads_.reset();
        have_run_ = false;
        ShardThreadsOptions options;
        options.count = count;
        threads_ = ShardThreads::open(options).value();
        world_ = &threads_->first();
    }

    SharedLines lines_;
    std::unique_ptr<ShardThreads> threads_;
    RingWorld* world_{};

private:
    bool have_run_{};
};

/// The parameter is the number of shards.
class OnShards : public testing::TestWithParam<ShardNumber>, protected ShardsInFolder {
protected:
    OnShards() : ShardsInFolder(GetParam()) {}

    Logger logger_{*world_, lines_, LogFormat::kText};
};

}  // namespace millrace
