#include "tests/sim/sim_world.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace::sim {
namespace {

constexpr std::int64_t kEpochMs = 1'700'000'000'000;

bool is_of_network(const IoRequest& wish) {
    switch (wish.kind) {
        case IoKind::kListen:
        case IoKind::kAccept:
        case IoKind::kConnect:
        case IoKind::kReceive:
        case IoKind::kSend:
        case IoKind::kShutdown:
        case IoKind::kLocalAddress:
        case IoKind::kPeerAddress: return true;
        case IoKind::kClose: return wish.handle >= 1'000'000;
        default: return false;
    }
}

}  // namespace

SimProcess::~SimProcess() { expect(in_flight_.empty(), "a process goes before its requests"); }

void SimProcess::submit(Operation& operation) {
    const std::uint64_t number = next_id_++;
    simulation_.tell_turn(nullptr);
    in_flight_[number] = {&operation, 0};
    simulation_.submit(*this, operation, number);
    simulation_.tell_turn(this);
}

void SimProcess::close_unheard(std::int32_t handle) { simulation_.close_file(process_, handle); }

void SimProcess::cancel(Operation& operation) {
    for (const auto& [id, each] : in_flight_) {
        if (each.operation == &operation) return simulation_.network_.cancel(process_, id);
    }
}

Time SimProcess::now() const { return simulation_.now(); }

std::int64_t SimProcess::wall_clock_ms() const { return kEpochMs + now().count() / 1'000'000; }

void SimProcess::wake(World& peer) {
    const std::uint32_t woken = static_cast<SimProcess&>(peer).number();
    simulation_.ring(number_, woken);
}

void SimProcess::run_turn() {
    const RunScope scope(*this);
    simulation_.tell_turn(this);
    wake_up();
    (void)take_mail();
    timers().fire_until(now());
    for (std::uint64_t left = 1 + prng_.below(64); left > 0 && !ready().empty(); --left) {
        ready().pop().run();
    }
    ready().end_turn();
    awake_ = !post_mail() || !fall_asleep();
    simulation_.tell_turn(nullptr);
}

void SimProcess::complete(std::uint64_t id, std::int32_t result) {
    const auto found = in_flight_.find(id);
    if (found == in_flight_.end()) return;
    Operation& operation = *found->second.operation;
    in_flight_.erase(found);
    operation.result = result;
    ready().push(operation);
    // Nobody rings for a shard that has something to do.
    wake_up();
}

void SimProcess::die() {
    const RunScope scope(*this);
    destroy_suspended();
    while (!ready().empty()) ready().pop().destroy();
    while (!in_flight_.empty()) {
        Operation& operation = *in_flight_.begin()->second.operation;
        in_flight_.erase(in_flight_.begin());
        operation.destroy();
    }
}

Simulation::Simulation(std::uint64_t seed)
    : prng_(seed),
      disk_(prng_.fork()),
      network_(
          prng_.fork(),
          [this](Duration delay, std::function<void()> act) { after(delay, std::move(act)); },
          [this] { return now_; }) {}

Simulation::~Simulation() {
    while (!worlds_.empty()) kill(*worlds_.begin()->second);
}

SimProcess& Simulation::start_process(ShardNumber shards) {
    const std::uint32_t process = next_world_;
    std::vector<World*> worlds;
    for (ShardNumber shard = 0; shard < shards; ++shard) {
        const std::uint32_t number = next_world_++;
        auto world = std::make_unique<SimProcess>(*this, process, number, prng_.fork());
        worlds.push_back(worlds_.emplace(number, std::move(world)).first->second.get());
    }
    processes_[process] = std::make_unique<Shards>(std::move(worlds));
    return *find(process);
}

SimProcess* Simulation::find(std::uint32_t number) {
    const auto found = worlds_.find(number);
    return found == worlds_.end() ? nullptr : found->second.get();
}

/// A doorbell is heard a little later.
void Simulation::ring(std::uint32_t from, std::uint32_t woken) {
    after(std::chrono::microseconds(prng_.between(1, 100)), [this, from, woken] {
        note(from, woken);
        if (SimProcess* const sleeper = find(woken)) sleeper->awake_ = true;
    });
}

void Simulation::end(SimProcess& process, bool silently) {
    const std::uint32_t number = process.process();
    Shards& shards = *processes_.at(number);
    std::vector<SimProcess*> dying;
    for (ShardNumber shard = 0; shard < shards.count(); ++shard) {
        dying.push_back(&static_cast<SimProcess&>(shards.world(shard)));
    }
    for (SimProcess* const world : dying) {
        for (const auto& [id, each] : world->in_flight_) {
            if (each.disk_ticket != 0) disk_.abort(each.disk_ticket);
        }
        world->begin_to_end();
    }
    disk_.end_process(number);
    network_.end_process(number, silently);
    shards.forget_mail();
    for (SimProcess* const world : dying) world->die();
    for (SimProcess* const world : dying) worlds_.erase(world->number());
    processes_.erase(number);
}

void Simulation::kill(SimProcess& process) {
    note(process.process(), 1);
    end(process, false);
}

void Simulation::lose_power(SimProcess& process) {
    note(process.process(), 2);
    end(process, true);
    disk_.lose_power();
}

void Simulation::after(Duration delay, std::function<void()> act) {
    events_.emplace(std::pair(now_ + delay, ++sequence_), std::move(act));
}

Duration Simulation::disk_latency(IoKind kind) {
    if (prng_.chance(1, 2'000)) return std::chrono::milliseconds(prng_.between(5, 50));
    const bool sync = kind == IoKind::kSync || kind == IoKind::kSyncFilesystem;
    // Some wait for whatever else the device and the filesystem have to do.
    if (sync && prng_.chance(1, 50)) return std::chrono::milliseconds(prng_.between(20, 200));
    return std::chrono::microseconds(sync ? prng_.between(100, 2'000) : prng_.between(10, 300));
}

void Simulation::submit(SimProcess& process, Operation& operation, std::uint64_t id) {
    const std::uint32_t number = process.number();
    const auto kind = static_cast<std::uint64_t>(operation.request.kind);
    const auto complete = [this, number, id, kind](std::int32_t result) {
        note(number << 8 | kind, static_cast<std::uint32_t>(result));
        if (SimProcess* const alive = find(number)) alive->complete(id, result);
    };
    if (is_of_network(operation.request)) {
        network_.start(process.process(), operation.request, id, complete);
        return;
    }
    if (operation.request.kind == IoKind::kSendFile) {
        send_file(process, operation.request, id, complete);
        return;
    }
    const std::uint64_t ticket = disk_.begin(process.process(), operation.request);
    process.in_flight_[id].disk_ticket = ticket;
    after(disk_latency(operation.request.kind), [this, number, ticket, complete] {
        if (find(number) != nullptr) complete(disk_.finish(ticket));
    });
}

/// What the file has goes onto the socket as other bytes do; now and then it isn't in memory.
void Simulation::send_file(SimProcess& process, const IoRequest& wish, std::uint64_t id,
                           const std::function<void(std::int32_t)>& complete) {
    const bool missing = prng_.chance(1, 8);
    const auto bytes = std::make_shared<std::vector<std::byte>>(wish.size);
    const std::uint32_t number = process.number();
    const std::uint64_t ticket = disk_.begin(process.process(), {.kind = IoKind::kReadAt,
                                                                 .handle = wish.other_handle,
                                                                 .offset = wish.offset,
                                                                 .data = bytes->data(),
                                                                 .size = bytes->size()});
    process.in_flight_[id].disk_ticket = ticket;
    after(disk_latency(wish.kind), [this, number, id, ticket, bytes, wish, missing, complete] {
        SimProcess* const alive = find(number);
        if (alive == nullptr) return;
        const std::int32_t count = disk_.finish(ticket);
        alive->in_flight_[id].disk_ticket = 0;
        if (missing || count <= 0) return complete(missing ? -ENODATA : count);
        iovec slice{bytes->data(), static_cast<std::size_t>(count)};
        network_.start(alive->process(),
                       {.kind = IoKind::kSend, .handle = wish.handle, .data = &slice, .size = 1},
                       id, complete);
    });
}

void Simulation::close_file(std::uint32_t process, std::int32_t handle) {
    (void)disk_.finish(disk_.begin(process, {.kind = IoKind::kClose, .handle = handle}));
}

void Simulation::note(std::uint64_t first, std::uint64_t second) {
    for (const std::uint64_t each : {static_cast<std::uint64_t>(now_.count()), first, second}) {
        trace_hash_ = (trace_hash_ ^ each) * 0x100000001b3;
    }
    ++steps_;
}

std::vector<SimProcess*> Simulation::runnable() {
    std::vector<SimProcess*> found;
    for (const auto& [number, process] : worlds_) {
        const auto deadline = process->timers().next_deadline();
        if (process->is_runnable() || (deadline && *deadline <= now_)) {
            found.push_back(process.get());
        }
    }
    return found;
}

/// Time goes on to the next thing that happens.
bool Simulation::advance() {
    std::optional<Time> next;
    if (!events_.empty()) next = events_.begin()->first.first;
    for (const auto& [number, process] : worlds_) {
        const auto deadline = process->timers().next_deadline();
        if (deadline && (!next || *deadline < *next)) next = *deadline;
    }
    if (!next) return false;
    now_ = std::max(now_, *next);
    while (!events_.empty() && events_.begin()->first.first <= now_) {
        const auto act = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        act();
    }
    return true;
}

bool Simulation::step() {
    const std::vector<SimProcess*> candidates = runnable();
    if (candidates.empty()) return advance();
    candidates[prng_.below(candidates.size())]->run_turn();
    return true;
}

bool Simulation::run_until(const std::function<bool()>& done) {
    while (!done()) {
        if (!step()) return false;
    }
    return true;
}

bool Simulation::run_until(const std::function<bool()>& done, Duration limit) {
    const Time end = now_ + limit;
    return run_until([&] { return done() || now_ > end; }) && now_ <= end;
}

}  // namespace millrace::sim
