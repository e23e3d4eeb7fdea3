// Connections between processes: bytes in order with delay, loss of connections, and peers that
// have gone without a word.
#pragma once

#include "core/base/prng.hpp"
#include "core/runtime/io_request.hpp"
#include "core/runtime/timer_queue.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <vector>

namespace millrace::sim {

struct NetworkFaults {
    /// Out of 10,000 sends, how many break their connection; and how many receives get less than
    /// what is there.
    std::uint32_t reset_per_10000{};
    std::uint32_t short_receive_per_10000{};
    std::uint64_t resets{};
    std::uint64_t short_receives{};
    std::uint64_t half_open{};
};

class SimNetwork {
public:
    using Process = std::uint32_t;
    using Complete = std::function<void(std::int32_t)>;
    /// Calls back after a delay.
    using After = std::function<void(Duration, std::function<void()>)>;

    using Now = std::function<Time()>;

    SimNetwork(Prng prng, After after, Now now)
        : prng_(prng), after_(std::move(after)), now_(std::move(now)) {}

    NetworkFaults faults;

    /// `complete` is called once, later; a request whose process ends is forgotten.
    void start(Process process, const IoRequest& wish, std::uint64_t id, Complete complete);
    /// The request `id` of `process` ends as cancelled, if it waits for somebody.
    void cancel(Process process, std::uint64_t id);
    /// The process is gone. Its peers hear of it at once, or, with `silently`, after a while.
    void end_process(Process process, bool silently);

private:
    struct Waiting {
        Process process;
        std::uint64_t id;
        IoRequest wish;
        Complete complete;
    };
    struct Socket {
        Process process{};
        std::int32_t peer{-1};
        std::deque<std::byte> inbox;
        Time last_arrival{};  // of bytes that are under way to it
        bool ended{};         // the peer sends no more
        bool reset{};
        bool silent{};  // the peer has gone without a word
        std::deque<Waiting> receivers;
    };
    struct Door {
        Process process{};
        std::uint16_t port{};
        bool shut{};
        std::deque<std::int32_t> arrived;
        std::deque<Waiting> accepters;
    };

    void listen(Process process, const IoRequest& wish, const Complete& complete);
    void accept(Waiting waiting);
    void connect(Process process, const IoRequest& wish, Complete complete);
    void send(const IoRequest& wish, const Complete& complete);
    void receive(Waiting waiting);
    bool cancel_in(std::deque<Waiting>& line, Process process, std::uint64_t id);
    void shut_down(std::int32_t handle);
    void close(std::int32_t handle);

    void serve_door(Door& door);
    void serve_receivers(Socket& socket);
    void arrive(std::int32_t handle, const std::vector<std::byte>& bytes);
    void end_stream(std::int32_t handle);
    void reset(std::int32_t handle);
    void complete_later(Complete complete, std::int32_t result);
    Duration delay();
    Socket* find(std::int32_t handle);

    Prng prng_;
    After after_;
    Now now_;
    std::map<std::int32_t, Socket> sockets_;
    std::map<std::int32_t, Door> doors_;
    std::int32_t next_handle_{1'000'000};
};

}  // namespace millrace::sim
