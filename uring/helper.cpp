#include "uring/helper.hpp"

#include "uring/blocking.hpp"

#include <cerrno>
#include <pthread.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace millrace {

Result<std::shared_ptr<HelperThread>> HelperThread::shared() {
    static std::mutex mutex;
    static std::weak_ptr<HelperThread> current;
    const std::lock_guard guard(mutex);
    auto helper = current.lock();
    if (helper) return helper;
    try {
        helper = std::make_shared<HelperThread>();
    } catch (const std::system_error& refused) {
        return system_error(refused.code().value());
    }
    current = helper;
    return helper;
}

HelperThread::HelperThread() : thread_([this] { work(); }) {
    pthread_setname_np(thread_.native_handle(), "helper");
}

HelperThread::~HelperThread() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    wanted_.notify_one();
    thread_.join();
}

void HelperThread::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wanted_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        const Job job = jobs_.front();
        jobs_.pop_front();
        lock.unlock();
        job.operation->result = carry_out_blocking(*job.operation);
        lock.lock();
        job.port->give_back(*job.operation);
    }
}

Result<std::unique_ptr<HelperPort>> HelperPort::open() {
    auto helper = HelperThread::shared();
    if (!helper) return helper.error();
    const int bell = eventfd(0, EFD_CLOEXEC);
    if (bell < 0) return system_error(errno);
    return std::unique_ptr<HelperPort>(new HelperPort(std::move(*helper), bell));
}

HelperPort::~HelperPort() {
    {
        std::unique_lock lock(helper_->mutex_);
        helper_->returned_.wait(lock, [this] { return away_ == 0; });
    }
    close(bell_);
}

void HelperPort::send(Operation& operation) {
    {
        const std::lock_guard guard(helper_->mutex_);
        helper_->jobs_.push_back({&operation, this});
        ++away_;
    }
    helper_->wanted_.notify_one();
}

/// REQUIRES: the helper's mutex is held, so that the port can't go meanwhile.
void HelperPort::give_back(Operation& operation) {
    done_.push(operation);
    --away_;
    eventfd_write(bell_, 1);
    helper_->returned_.notify_all();
}

RunnableQueue HelperPort::take() {
    const std::lock_guard guard(helper_->mutex_);
    return std::exchange(done_, {});
}

}  // namespace millrace
