#include "uring/shard_threads.hpp"

#include <barrier>
#include <future>
#include <optional>
#include <pthread.h>
#include <sched.h>
#include <thread>
#include <vector>

namespace millrace {
namespace {

/// Tells a world's loop to end, on its own thread.
class StopMessage final : public Message {
public:
    explicit StopMessage(RingWorld& world) : Message(&StopMessage::on_arrival), world_(world) {}

private:
    static void on_arrival(Message& message) { static_cast<StopMessage&>(message).world_.stop(); }

    RingWorld& world_;
};

void pin_to(ShardNumber shard) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    const int count = CPU_COUNT(&allowed);
    int left = static_cast<int>(shard) % count;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed) || left-- > 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        // Refused inside some containers; the thread wanders then, as without pinning.
        (void)pthread_setaffinity_np(pthread_self(), sizeof one, &one);
        return;
    }
}

}  // namespace

ShardNumber available_processors() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
    return static_cast<ShardNumber>(CPU_COUNT(&allowed));
}

class ShardThreads::Impl {
public:
    explicit Impl(const ShardThreadsOptions& options)
        : options_(options), all_ended_(static_cast<std::ptrdiff_t>(options.count)) {}

    ~Impl() {
        if (shards_) {
            end_loops();
            // A ring may go once no peer can ring its bell any more.
            all_ended_.arrive_and_wait();
        } else {
            go_.set_value(false);
        }
        for (std::thread& each : threads_) each.join();
    }

    Result<void> open() {
        std::vector<std::future<Result<World*>>> opened;
        for (ShardNumber shard = 1; shard < options_.count; ++shard) {
            std::promise<Result<World*>> promise;
            opened.push_back(promise.get_future());
            threads_.emplace_back(&Impl::live, this, shard, std::move(promise));
        }
        std::vector<World*> worlds;
        const auto first = open_first();
        Result<void> outcome = first;
        if (first) worlds.push_back(first_.get());
        for (auto& each : opened) {
            const auto world = each.get();
            if (world) worlds.push_back(*world);
            if (!world && outcome) outcome = world.error();
        }
        if (!outcome) return outcome;
        shards_.emplace(std::move(worlds));
        go_.set_value(true);
        return {};
    }

    RingWorld& first() { return *first_; }
    Shards& shards() { return *shards_; }

private:
    Result<void> open_first() {
        if (options_.pin) pin_to(0);
        auto world = RingWorld::open(options_.allowed);
        if (!world) return world.error();
        first_ = std::move(*world);
        return {};
    }

    /// The life of one shard's thread.
    void live(ShardNumber shard, std::promise<Result<World*>> opened) {
        if (options_.pin) pin_to(shard);
        auto world = RingWorld::open(options_.allowed);
        if (!world) {
            opened.set_value(world.error());
            return;
        }
        opened.set_value(world->get());
        if (!may_go_.get()) return;
        (*world)->run();
        all_ended_.arrive_and_wait();
    }

    void end_loops() {
        for (ShardNumber shard = 1; shard < options_.count; ++shard) {
            auto& world = static_cast<RingWorld&>(shards_->world(shard));
            stops_.push_back(std::make_unique<StopMessage>(world));
            first_->send(shard, *stops_.back());
        }
        while (!first_->post()) std::this_thread::yield();
    }

    const ShardThreadsOptions options_;
    std::unique_ptr<RingWorld> first_;
    std::optional<Shards> shards_;
    std::vector<std::unique_ptr<StopMessage>> stops_;
    std::promise<bool> go_;
    const std::shared_future<bool> may_go_ = go_.get_future().share();
    std::barrier<> all_ended_;
    std::vector<std::thread> threads_;
};

ShardThreads::ShardThreads(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ShardThreads::~ShardThreads() = default;

Result<std::unique_ptr<ShardThreads>> ShardThreads::open(const ShardThreadsOptions& options) {
    auto impl = std::make_unique<Impl>(options);
    const auto opened = impl->open();
    if (!opened) return opened.error();
    return std::unique_ptr<ShardThreads>(new ShardThreads(std::move(impl)));
}

RingWorld& ShardThreads::first() { return impl_->first(); }

Shards& ShardThreads::shards() { return impl_->shards(); }

}  // namespace millrace
