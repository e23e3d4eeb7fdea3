// One connection of the load generator.
#pragma once

#include "bench/load/course.hpp"
#include "bench/load/requests.hpp"
#include "bench/load/schedule.hpp"
#include "cluster/tools/link.hpp"
#include "core/runtime/gate.hpp"
#include "protocol/message/produce.hpp"

#include <array>
#include <deque>

namespace millrace::bench {

/// What one connection is to send, and how.
struct Work {
    const std::vector<PreparedRequest>* requests{};  // to its broker; they outlive it
    Rotation rotation;
    std::int16_t version{};  // that the requests are in
    std::uint64_t batch_records{};
    std::size_t in_flight{};
    bool is_answered{};   // acks isn't 0
    double per_second{};  // requests, of an open loop; 0: as fast as answers come
    double phase{};
};

/// Sends one prepared request after the other, some of them under way at a time; answers come in
/// the order of requests. Lives on one shard. Who opened it closes it.
class Producer {
public:
    Producer(World& world, Course& course, Endpoint broker, Work work);

    Task<Outcome<>> open();
    /// Sends until the course is over. Returns when all is answered, or with acks=0 when the broker
    /// has taken all; what goes wrong is told to the course.
    Task<> run();
    /// Ends a run whose answers don't come.
    void cut_off();
    Task<> close();

private:
    using Front = std::array<std::byte, PreparedRequest::kFrontBytes>;
    struct Sent {
        Time due;
        std::int32_t correlation;
    };

    Task<> send_requests();
    /// What can go out in one call now.
    void gather();
    void add(const PreparedRequest& request, Time due);
    bool has_room() const;
    Time due_next(Time now) const;
    Time look_again() const;
    void count_unanswered();
    Task<> take_answers();
    void take(const Frame& frame);
    void count(const Sent& sent, const ProduceResponse& response);
    /// A broker begins one request of a connection after the other: once it answers this one it
    /// has taken those before.
    Task<> reach_broker();
    void fail(const std::string& how);

    World& world_;
    Course& course_;
    const Endpoint broker_;
    Work work_;
    std::optional<Pace> pace_;
    Semaphore budget_;
    std::optional<Stream> stream_;
    std::optional<FrameReader> reader_;
    Gate gate_;
    WaitList moved_;  // something was sent, or answered
    std::deque<Sent> pending_;
    std::uint64_t sent_{};  // requests
    bool has_sent_all_{};
    bool is_cut_off_{};
    // What goes out with one call.
    std::vector<Front> fronts_;
    std::vector<iovec> slices_;
    std::uint64_t batches_{};
};

}  // namespace millrace::bench
