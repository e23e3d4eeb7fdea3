#include "bench/roof/roof_server.hpp"

#include "core/base/crc32c.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace millrace::bench {
namespace {

constexpr unsigned kEntries = 4096;
constexpr std::size_t kReceiveBytes = 8 << 20;  // some of the largest requests
constexpr std::size_t kSizeBytes = 4;           // before each frame
constexpr std::size_t kCorrelationAt = 4;       // in a request without, an answer with its size
constexpr std::int16_t kProduce = 0;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

int listen_at(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
    if (::listen(fd, 4096) != 0) fail("listen");
    return fd;
}

}  // namespace

RoofServer::RoofServer(const Options& options)
    : host_{options.port, options.partitions}, listener_(listen_at(options.port)) {
    const unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    const int failed = io_uring_queue_init(kEntries, &ring_, flags);
    if (failed < 0) throw std::system_error(-failed, std::generic_category(), "io_uring");
    if (!options.file.empty()) disk_.emplace(options.file, options.group_bytes_max);
}

RoofServer::~RoofServer() {
    io_uring_queue_exit(&ring_);
    for (const Connection& each : connections_) ::close(each.fd);
    ::close(listener_);
}

void RoofServer::run() {
    accept();
    for (;;) {
        if (disk_ && disk_->is_idle() && !gathered_.empty()) write();
        io_uring_submit_and_wait(&ring_, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* cqe = nullptr;
        io_uring_for_each_cqe(&ring_, head, cqe) {
            take(*cqe);
            ++count;
        }
        io_uring_cq_advance(&ring_, count);
    }
}

/// What an operation is for, and whose, are one word: connections are aligned.
io_uring_sqe& RoofServer::prepare(Step step, Connection* connection) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
        io_uring_submit(&ring_);
        sqe = io_uring_get_sqe(&ring_);
    }
    if (sqe == nullptr) throw std::runtime_error("the ring is full");
    sqe->user_data = reinterpret_cast<std::uint64_t>(connection) | static_cast<std::uint64_t>(step);
    if (connection != nullptr) ++connection->operations;
    return *sqe;
}

void RoofServer::take(const io_uring_cqe& cqe) {
    constexpr std::uint64_t kSteps = 3;
    auto* const connection = reinterpret_cast<Connection*>(cqe.user_data & ~kSteps);
    if (connection != nullptr) --connection->operations;
    switch (static_cast<Step>(cqe.user_data & kSteps)) {
        case Step::kAccept: return welcome(cqe.res);
        case Step::kReceive: return received(*connection, cqe.res);
        case Step::kSend: return sent(*connection, cqe.res);
        case Step::kWrite: return written(cqe.res);
    }
}

void RoofServer::accept() {
    auto& sqe = prepare(Step::kAccept, nullptr);
    io_uring_prep_accept(&sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
}

void RoofServer::welcome(int fd) {
    accept();
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection& connection = connections_.emplace_back();
    connection.fd = fd;
    connection.received = std::make_unique_for_overwrite<std::byte[]>(kReceiveBytes);
    receive(connection);
}

void RoofServer::receive(Connection& connection) {
    auto& sqe = prepare(Step::kReceive, &connection);
    io_uring_prep_recv(&sqe, connection.fd, connection.received.get() + connection.size,
                       kReceiveBytes - connection.size, 0);
}

void RoofServer::received(Connection& connection, std::int32_t count) {
    if (count <= 0) connection.is_over = true;
    if (connection.is_over) return end(connection);
    connection.size += static_cast<std::size_t>(count);
    take_frames(connection);
}

void RoofServer::take_frames(Connection& connection) {
    bool has_room = true;
    ByteView rest(connection.received.get(), connection.size);
    while (rest.size() >= kSizeBytes) {
        const auto size = static_cast<std::size_t>(load_be<std::int32_t>(rest.data()));
        if (rest.size() < kSizeBytes + size) break;
        has_room = !disk_ || disk_->has_room(size);
        if (!has_room) break;
        take_frame(connection, rest.subspan(kSizeBytes, size));
        rest = rest.subspan(kSizeBytes + size);
    }
    std::memmove(connection.received.get(), rest.data(), rest.size());
    connection.size = rest.size();
    has_room ? receive(connection) : hold(connection);
    send(connection);
}

void RoofServer::hold(Connection& connection) {
    held_.push_back(&connection);
    ++connection.operations;
}

void RoofServer::take_frame(Connection& connection, ByteView frame) {
    if (load_be<std::int16_t>(frame.data()) != kProduce) {
        return answer(connection, greet(host_, frame));
    }
    if (!connection.acceptance) connection.acceptance = acceptance_of(frame);
    Bytes& acceptance = *connection.acceptance;
    if (!acceptance.empty()) {
        std::copy_n(frame.begin() + kCorrelationAt, 4, acceptance.begin() + kCorrelationAt);
    }
    checksum_ ^= crc32c(frame);
    if (!disk_) return answer(connection, acceptance);
    disk_->gather(frame);
    gathered_.push_back({&connection, acceptance});
    ++connection.operations;
}

void RoofServer::answer(Connection& connection, const Bytes& bytes) {
    append_bytes(connection.answers, bytes);
}

void RoofServer::send(Connection& connection) {
    if (connection.is_sending || connection.answers.empty() || connection.is_over) return;
    std::swap(connection.sending, connection.answers);
    connection.answers.clear();
    connection.is_sending = true;
    auto& sqe = prepare(Step::kSend, &connection);
    io_uring_prep_send(&sqe, connection.fd, connection.sending.data(), connection.sending.size(),
                       MSG_WAITALL | MSG_NOSIGNAL);
}

void RoofServer::sent(Connection& connection, std::int32_t count) {
    connection.is_sending = false;
    if (count != static_cast<std::int32_t>(connection.sending.size())) connection.is_over = true;
    if (connection.is_over) return end(connection);
    send(connection);
}

void RoofServer::write() {
    disk_->write(prepare(Step::kWrite, nullptr));
    std::swap(under_way_, gathered_);
    for (Connection* const each : std::exchange(held_, {})) {
        --each->operations;
        each->is_over ? end(*each) : take_frames(*each);
    }
}

void RoofServer::written(std::int32_t result) {
    if (result <= 0) throw std::system_error(-result, std::generic_category(), "write");
    disk_->written();
    for (const Pending& each : under_way_) answer(*each.connection, each.answer);
    for (const Pending& each : under_way_) {
        --each.connection->operations;
        send(*each.connection);
        if (each.connection->is_over) end(*each.connection);
    }
    under_way_.clear();
}

/// Once nothing of it is under way.
void RoofServer::end(Connection& connection) {
    if (connection.operations > 0) return;
    ::close(connection.fd);
    connections_.remove_if([&connection](const Connection& each) { return &each == &connection; });
}

}  // namespace millrace::bench
