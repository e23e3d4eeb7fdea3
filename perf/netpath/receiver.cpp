#include "perf/netpath/receiver.hpp"

#include "perf/common/fail.hpp"
#include "perf/common/time_used.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace millrace::netpath {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

perf::Descriptor make_socket() {
    perf::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) perf::fail("socket");
    return socket;
}

perf::Descriptor listen_on_any_port() {
    perf::Descriptor socket = make_socket();
    const sockaddr_in address = loopback(0);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), 1) != 0) {
        perf::fail("listening");
    }
    return socket;
}

std::uint16_t port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        perf::fail("getsockname");
    }
    return ntohs(address.sin_port);
}

Received receive_all(int socket, std::vector<char>& buffer) {
    const double before_s = perf::process_cpu_s();
    Received received;
    ssize_t count = 0;
    while ((count = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0) {
        received.bytes += static_cast<std::uint64_t>(count);
    }
    received.cpu_s = perf::process_cpu_s() - before_s;
    return received;
}

[[noreturn]] void serve(int listening, int reports) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<char> buffer(kReceiveBytes);
    while (true) {
        const perf::Descriptor socket(::accept(listening, nullptr, nullptr));
        if (socket.get() < 0) ::_exit(1);
        const Received received = receive_all(socket.get(), buffer);
        if (::write(reports, &received, sizeof received) != sizeof received) ::_exit(1);
    }
}

}  // namespace

Receiver::Receiver() {
    const perf::Descriptor listening = listen_on_any_port();
    port_ = port_of(listening.get());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) perf::fail("pipe");
    reports_ = perf::Descriptor(ends[0]);
    const perf::Descriptor to_report(ends[1]);
    process_ = ::fork();
    if (process_ < 0) perf::fail("fork");
    if (process_ == 0) serve(listening.get(), to_report.get());
}

Receiver::~Receiver() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
}

Receiver::Session::Session(const Receiver& receiver) : receiver_(receiver), socket_(make_socket()) {
    const sockaddr_in address = loopback(receiver.port_);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address)) {
        perf::fail("connect");
    }
    const int on = 1;
    if (::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        perf::fail("TCP_NODELAY");
    }
}

Received Receiver::Session::end() {
    ::shutdown(socket_.get(), SHUT_WR);
    Received received;
    if (::read(receiver_.reports_.get(), &received, sizeof received) != sizeof received) {
        perf::fail("the receiver ended", EPIPE);
    }
    socket_ = perf::Descriptor();
    return received;
}

Receiver::Session::~Session() {
    if (socket_.get() < 0) return;
    try {
        end();
    } catch (const std::exception&) {
        // Whoever connects next finds nobody, and says so.
    }
}

}  // namespace millrace::netpath
