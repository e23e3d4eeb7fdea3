// A benchmark's coroutine on a real ring, and a folder in the current one that goes with it.
#pragma once

#include "core/runtime/task.hpp"
#include "uring/ring_world.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace millrace {

class ScratchFolder {
public:
    ScratchFolder() : path_(std::filesystem::current_path() / "millrace_micro_XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) std::abort();
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline Task<> stop_behind(RingWorld& world, Task<> task) {
    co_await std::move(task);
    world.stop();
}

/// Once for each world.
inline void run_on(RingWorld& world, Task<> task) {
    spawn(world, stop_behind(world, std::move(task)));
    world.run();
}

}  // namespace millrace
