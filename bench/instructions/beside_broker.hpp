// A broker in the simulated world and one client that asks it, where one run is like the other to
// the instruction: for programs that count what the broker does, and not what the client or the
// simulation does.
#pragma once

#include "tests/sim/client.hpp"
#include "tests/sim/sim_world.hpp"

#include <functional>
#include <string>

namespace millrace::sim {

[[noreturn]] void give_up(const char* what);

/// Asks a broker for one thing after the other, and gives the program up when it isn't given.
class Asker {
public:
    explicit Asker(World& world);

    /// Its `kPartitions` partitions are made with it.
    Task<> make_topic();
    /// `batch` to each of the first `partitions`.
    Task<> produce(ByteView batch, std::int32_t partitions);
    /// The batch at `offset` of the first partition, which is in memory, and more up to 1 MiB.
    Task<> fetch(std::int64_t offset);

    static constexpr std::int32_t kPartitions = 16;

private:
    Client client_;
    World& world_;
};

/// Lets `course` ask until it ends. `is_brokers` is called whenever the turn goes from the broker
/// to somebody else, or back.
void run_beside_broker(const std::function<void(bool is_brokers)>& is_brokers,
                       const std::function<Task<>(Asker&)>& course);

}  // namespace millrace::sim
