// Takes appends over TCP and does the least that can be answered for.
#pragma once

#include "bench/roof/disk.hpp"
#include "bench/roof/greeting.hpp"

#include <liburing.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::bench {

/// One thread, one ring. What is gathered while a write is under way shares the next one. A client
/// whose request has no room in that isn't read from until the write has begun.
class RoofServer {
public:
    struct Options {
        std::uint16_t port{};
        std::int32_t partitions{1};
        std::string file;                       // none: nothing is written
        std::size_t group_bytes_max{32 << 20};  // of one write, and of a request
    };

    /// Throws std::system_error when it can't listen, write or have a ring.
    explicit RoofServer(const Options& options);
    ~RoofServer();

    [[noreturn]] void run();

private:
    enum class Step : std::uint8_t { kAccept, kReceive, kSend, kWrite };

    struct Connection {
        int fd{};
        std::unique_ptr<std::byte[]> received;
        std::size_t size{};  // of `received`, filled
        // Of its first produce request; the others differ in the id. Empty with acks=0.
        std::optional<Bytes> acceptance;
        Bytes answers;  // that wait for the send before them
        Bytes sending;
        int operations{};  // under way
        bool is_sending{};
        bool is_over{};
    };
    struct Pending {
        Connection* connection;
        Bytes answer;
    };

    io_uring_sqe& prepare(Step step, Connection* connection);
    void take(const io_uring_cqe& cqe);
    void accept();
    void welcome(int fd);
    void receive(Connection& connection);
    void received(Connection& connection, std::int32_t count);
    void take_frames(Connection& connection);
    void hold(Connection& connection);
    void take_frame(Connection& connection, ByteView frame);
    void answer(Connection& connection, const Bytes& bytes);
    void send(Connection& connection);
    void sent(Connection& connection, std::int32_t count);
    void write();
    void written(std::int32_t result);
    void end(Connection& connection);

    const Host host_;
    io_uring ring_{};
    int listener_;
    std::optional<Disk> disk_;
    std::list<Connection> connections_;
    std::vector<Connection*> held_;  // with a request that has no room yet
    std::vector<Pending> gathered_;
    std::vector<Pending> under_way_;
    std::uint32_t checksum_{};  // of all, so that taking it isn't left out
};

}  // namespace millrace::bench
