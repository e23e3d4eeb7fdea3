// The roof's server in a process of its own, as the comparison runs it, and one client.
#include "bench/roof/roof_server.hpp"

#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/on_real_world.hpp"
#include "tests/support/requests.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <csignal>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::bench {
namespace {

constexpr std::size_t kSizeBytes = 4;
constexpr std::size_t kGroupBytes = 64 << 10;
constexpr std::int16_t kVersion = 8;

/// On loopback, with a port that nobody listens on.
sockaddr_in free_address() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ::close(fd);
    return address;
}

class RoofServerTest : public InFolder, public testing::Test {
protected:
    RoofServerTest() {
        start();
        connect();
    }
    ~RoofServerTest() override {
        ::close(client_);
        if (server_ <= 0) return;  // such an id would mean a group, or all
        ::kill(server_, SIGKILL);
        ::waitpid(server_, nullptr, 0);
    }

    template <class Message>
    void send(const Message& message, std::int16_t version) {
        const Bytes frame = request_frame(message, version, ++sent_);
        const auto count = ::send(client_, frame.data(), frame.size(), MSG_NOSIGNAL);
        ASSERT_EQ(count, static_cast<ssize_t>(frame.size()));
    }

    /// The id of the next answer, or -1 if none comes.
    std::int32_t answered() {
        Bytes start(kSizeBytes);
        if (!receive(start)) return -1;
        Bytes frame(static_cast<std::size_t>(load_be<std::int32_t>(start.data())));
        return receive(frame) ? load_be<std::int32_t>(frame.data()) : -1;
    }

private:
    void start() {
        int ready[2];
        ASSERT_EQ(::pipe(ready), 0);
        server_ = ::fork();
        ASSERT_GE(server_, 0);
        if (server_ == 0) serve(ready[1]);
        ::close(ready[1]);
        char byte = 0;
        ASSERT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
    }

    [[noreturn]] void serve(int ready) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        try {
            RoofServer server({ntohs(address_.sin_port), 1, folder_ + "/groups", kGroupBytes});
            if (::write(ready, "r", 1) == 1) server.run();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s\n", error.what());
        }
        ::_exit(1);
    }

    void connect() {
        client_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{.tv_sec = 30, .tv_usec = 0};
        ::setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(client_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        const auto* const address = reinterpret_cast<const sockaddr*>(&address_);
        ASSERT_EQ(::connect(client_, address, sizeof address_), 0);
    }

    bool receive(Bytes& bytes) const {
        const auto count = ::recv(client_, bytes.data(), bytes.size(), MSG_WAITALL);
        return count == static_cast<ssize_t>(bytes.size());
    }

    const sockaddr_in address_ = free_address();
    pid_t server_{};
    int client_{};
    std::int32_t sent_{};
};

TEST_F(RoofServerTest, RequestsThatHaveNoRoomInAWriteWait) {
    constexpr std::int32_t kRequests = 100;  // each more than half of what a write takes
    const Bytes batch = make_batch({.value_bytes = 40 << 10});
    for (std::int32_t i = 0; i < kRequests; ++i) send(produce_to("t", 0, batch, 1), kVersion);
    for (std::int32_t i = 1; i <= kRequests; ++i) ASSERT_EQ(answered(), i);
}

TEST_F(RoofServerTest, NothingIsSaidOfWhatAsksForNoAnswer) {
    const Bytes batch = make_batch({.value_bytes = 40 << 10});
    for (std::int32_t i = 0; i < 10; ++i) send(produce_to("t", 0, batch, 0), kVersion);
    send(metadata_of("t"), 5);
    EXPECT_EQ(answered(), 11);
}

}  // namespace
}  // namespace millrace::bench
