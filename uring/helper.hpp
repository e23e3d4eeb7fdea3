// The one thread that carries out what would hold up a loop: syncing a filesystem, cutting a file,
// listing a folder, looking a name up. One for all worlds of the process, so that a filesystem is
// synced once at a time.
#pragma once

#include "core/base/result.hpp"
#include "core/runtime/world.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace millrace {

class HelperPort;

/// Lives as long as any world has a port to it.
class HelperThread {
public:
    /// The process's one. The error is the kernel's, when it makes no thread.
    static Result<std::shared_ptr<HelperThread>> shared();
    HelperThread();
    ~HelperThread();

private:
    friend class HelperPort;

    struct Job {
        Operation* operation;
        HelperPort* port;
    };

    void work();

    std::mutex mutex_;  // guards everything below, and the ports' queues
    std::condition_variable wanted_;
    std::condition_variable returned_;
    std::deque<Job> jobs_;
    bool stopping_{};
    std::thread thread_;
};

/// One world's way to the helper and back. Used on that world's thread only.
class HelperPort {
public:
    static Result<std::unique_ptr<HelperPort>> open();
    HelperPort(const HelperPort&) = delete;
    HelperPort& operator=(const HelperPort&) = delete;
    /// Waits for what the helper still has.
    ~HelperPort();

    /// The helper carries `operation` out and writes its result; take() gives it back.
    void send(Operation& operation);
    /// Becomes readable when something has come back.
    int bell() const { return bell_; }
    /// What has come back so far.
    RunnableQueue take();

private:
    friend class HelperThread;

    HelperPort(std::shared_ptr<HelperThread> helper, int bell)
        : helper_(std::move(helper)), bell_(bell) {}

    void give_back(Operation& operation);

    const std::shared_ptr<HelperThread> helper_;
    const int bell_;
    RunnableQueue done_;
    std::size_t away_{};  // sent and not yet in done_
};

}  // namespace millrace
