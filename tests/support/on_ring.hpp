// A test that runs coroutines on a real ring, in a folder of its own that goes with it.
#pragma once

#include "core/observe/logger.hpp"
#include "uring/ring_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace millrace {

/// Keeps the lines, so that a test can ask what an operator would have read.
class KeptLines final : public LogSink {
public:
    void write(std::string_view line) override { lines.emplace_back(line); }

    bool contain(std::string_view text) const {
        for (const std::string& line : lines) {
            if (line.find(text) != std::string::npos) return true;
        }
        return false;
    }

    std::vector<std::string> lines;
};

class OnRing : public testing::Test {
protected:
    OnRing()
        : world_(RingWorld::open(RingFeatures::all()).value()),
          logger_(*world_, lines_, LogFormat::kText) {
        std::string pattern = testing::TempDir() + "/millrace_XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~OnRing() override { std::filesystem::remove_all(folder_); }

    /// Runs `task` to its end. One call per test: a world that has stopped stays stopped.
    void run(Task<> task) {
        spawn(*world_, stop_after(*world_, std::move(task)));
        world_->run();
    }

    static Task<> stop_after(RingWorld& world, Task<> task) {
        co_await std::move(task);
        world.stop();
    }

    std::unique_ptr<RingWorld> world_;
    KeptLines lines_;
    Logger logger_;
    std::string folder_;
};

}  // namespace millrace
