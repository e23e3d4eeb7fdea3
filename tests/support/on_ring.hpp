// A test that runs coroutines on a real ring, in a folder of its own that goes with it.
#pragma once

#include "core/observe/logger.hpp"
#include "tests/support/on_real_world.hpp"

#include <memory>
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

class OnRing : public testing::Test, protected InFolder {
protected:
    /// One call per test.
    void run(Task<> task) { run_to_end(*world_, std::move(task)); }

    std::unique_ptr<RingWorld> world_ = RingWorld::open(RingFeatures::all()).value();
    KeptLines lines_;
    Logger logger_{*world_, lines_, LogFormat::kText};
};

}  // namespace millrace
