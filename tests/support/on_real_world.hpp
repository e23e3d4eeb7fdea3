// What tests on the real world share: a folder that goes with the test, and a coroutine run to its
// end.
#pragma once

#include "core/runtime/task.hpp"
#include "uring/ring_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

namespace millrace {

/// A base of fixtures.
class InFolder {
protected:
    InFolder() {
        std::string pattern = testing::TempDir() + "/millrace_XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~InFolder() { std::filesystem::remove_all(folder_); }

    std::string folder_;
};

inline Task<> stop_after(RingWorld& world, Task<> task) {
    co_await std::move(task);
    world.stop();
}

/// Runs `task` to its end. A world that has stopped stays stopped.
inline void run_to_end(RingWorld& world, Task<> task) {
    spawn(world, stop_after(world, std::move(task)));
    world.run();
}

}  // namespace millrace
