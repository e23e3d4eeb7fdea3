#include "tests/proofs/load/connection.hpp"

#include "protocol/message/metadata.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace millrace::load {
namespace {

constexpr std::size_t kReceiveBytes = 256 << 10;
constexpr std::int16_t kMetadataVersion = 9;

}  // namespace

bool Connection::open(std::uint16_t port) {
    close();
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close();
        return false;
    }
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

void Connection::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    buffer_.clear();
    used_ = 0;
}

bool Connection::send(ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Connection::take_frame(Bytes& frame) {
    const ByteView rest = ByteView(buffer_).subspan(used_);
    if (rest.size() < 4) return false;
    const auto size = static_cast<std::size_t>(load_be<std::int32_t>(rest.data()));
    if (rest.size() < 4 + size) return false;
    const ByteView body = rest.subspan(4, size);
    frame.assign(body.begin(), body.end());
    used_ += 4 + size;
    if (used_ == buffer_.size()) {
        buffer_.clear();
        used_ = 0;
    }
    return true;
}

Received Connection::receive(Bytes& frame, std::int64_t wait_us) {
    const std::int64_t deadline = now_ns() + wait_us * 1000;
    while (!take_frame(frame)) {
        const std::int64_t left = std::max<std::int64_t>(deadline - now_ns(), 0);
        pollfd polled{socket_, POLLIN, 0};
        const timespec wait{left / 1'000'000'000, left % 1'000'000'000};
        if (::ppoll(&polled, 1, &wait, nullptr) <= 0) return Received::kNothing;
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
        used_ = 0;
        const std::size_t had = buffer_.size();
        buffer_.resize(had + kReceiveBytes);
        const ssize_t got = ::recv(socket_, buffer_.data() + had, kReceiveBytes, 0);
        buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got <= 0) return Received::kEnded;
    }
    return Received::kFrame;
}

std::size_t make_topic(Connection& connection, const std::string& topic) {
    MetadataRequest request;
    request.topics.emplace().emplace_back().name = topic;
    for (int attempt = 0; attempt < 30'000; ++attempt) {
        const auto response = connection.ask<MetadataResponse>(request, kMetadataVersion);
        if (!response || response->topics.size() != 1) return 0;
        const auto& found = response->topics[0];
        bool led = found.error_code == 0 && !found.partitions.empty();
        for (const auto& each : found.partitions) led = led && each.leader_id >= 0;
        if (led) return found.partitions.size();
        ::usleep(1000);
    }
    return 0;
}

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace millrace::load
