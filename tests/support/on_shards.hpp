// A test that runs coroutines on the real rings of one shard or several, in a folder of its own
// that goes with it.
#pragma once

#include "core/observe/logger.hpp"
#include "uring/shard_threads.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
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

/// The parameter is the number of shards.
class OnShards : public testing::TestWithParam<ShardNumber> {
protected:
    OnShards()
        : threads_(open(GetParam())),
          world_(&threads_->first()),
          logger_(*world_, lines_, LogFormat::kText) {
        std::string pattern = testing::TempDir() + "/millrace_XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~OnShards() override { std::filesystem::remove_all(folder_); }

    static std::unique_ptr<ShardThreads> open(ShardNumber count) {
        ShardThreadsOptions options;
        options.count = count;
        return ShardThreads::open(options).value();
    }

    /// Runs `task` to its end on shard 0. A world that has stopped stays stopped: to run another,
    /// take new shards.
    void run(Task<> task) {
        spawn(*world_, stop_after(*world_, std::move(task)));
        world_->run();
    }

    void take_new_shards(ShardNumber count) {
        threads_.reset();
        threads_ = open(count);
        world_ = &threads_->first();
    }

    static Task<> stop_after(RingWorld& world, Task<> task) {
        co_await std::move(task);
        world.stop();
    }

    SharedLines lines_;
    std::unique_ptr<ShardThreads> threads_;
    RingWorld* world_;
    Logger logger_;
    std::string folder_;
};

}  // namespace millrace
