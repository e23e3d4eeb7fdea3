#include "uring/sockets.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace {
namespace {

constexpr int kBacklog = 1024;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses resolve(const char* host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string service = std::to_string(port);
    if (getaddrinfo(host, service.c_str(), &hints, &found) != 0) found = nullptr;
    return {found, &freeaddrinfo};
}

void set_flag(int handle, int level, int option, int value) {
    setsockopt(handle, level, option, &value, sizeof value);
}

std::int32_t bind_at(const addrinfo& address, bool shared) {
    const int handle = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle < 0) return -errno;
    set_flag(handle, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address.ai_family == AF_INET6) set_flag(handle, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (shared) set_flag(handle, SOL_SOCKET, SO_REUSEPORT, 1);
    if (bind(handle, address.ai_addr, address.ai_addrlen) == 0) return handle;
    const int error = errno;
    close(handle);
    return -error;
}

std::int32_t listen_at(const addrinfo& address, ListenMode mode) {
    if (mode == ListenMode::kFirst) {
        // A port that may be shared is shared with any other process of this user: one that may not
        // finds out whether somebody is there.
        const std::int32_t alone = bind_at(address, false);
        if (alone < 0) return alone;
        const bool taken = listen(alone, 1) != 0;
        const std::int32_t error = taken ? -errno : 0;
        close(alone);
        if (taken) return error;
    }
    const std::int32_t handle = bind_at(address, mode != ListenMode::kAlone);
    if (handle < 0 || listen(handle, kBacklog) == 0) return handle;
    const int error = errno;
    close(handle);
    return -error;
}

std::uint16_t bound_port(int handle) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    getsockname(handle, reinterpret_cast<sockaddr*>(&address), &length);
    // The port stands at the same place in both families.
    return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

}  // namespace

bool is_numeric(const char* host) {
    if (host == nullptr || *host == '\0') return true;
    in6_addr address{};
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

std::int32_t listen_on(const char* host, std::uint16_t& port, ListenMode mode) {
    const bool everywhere = host == nullptr || *host == '\0';
    std::int32_t handle = -EADDRNOTAVAIL;
    for (const char* name : {everywhere ? "::" : host, everywhere ? "0.0.0.0" : host}) {
        const Addresses found = resolve(name, port, AI_PASSIVE);
        for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
            handle = listen_at(*each, mode);
            if (handle == -EADDRINUSE) return handle;
            if (handle < 0) continue;
            port = bound_port(handle);
            return handle;
        }
    }
    return handle;
}

std::int32_t prepare_connect(const char* host, std::uint16_t port, sockaddr_storage& address,
                             socklen_t& length) {
    const Addresses found = resolve(host, port, 0);
    if (!found) return -EHOSTUNREACH;
    length = found->ai_addrlen;
    std::memcpy(&address, found->ai_addr, length);
    const int handle = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return handle < 0 ? -errno : handle;
}

namespace {

using NameOfEnd = int (*)(int, sockaddr*, socklen_t*);

std::int32_t address_of(std::int32_t handle, NameOfEnd name_of_end, std::string& host) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (name_of_end(handle, reinterpret_cast<sockaddr*>(&address), &length) != 0) return -errno;
    const void* bytes = &reinterpret_cast<sockaddr_in*>(&address)->sin_addr;
    int family = address.ss_family;
    if (family == AF_INET6) {
        const in6_addr& six = reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr;
        const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&six) != 0;
        bytes = is_mapped ? &six.s6_addr[12] : six.s6_addr;
        if (is_mapped) family = AF_INET;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_ntop(family, bytes, text.data(), text.size()) == nullptr) return -errno;
    host = text.data();
    return 0;
}

}  // namespace

std::int32_t local_address(std::int32_t handle, std::string& host) {
    return address_of(handle, &getsockname, host);
}

std::int32_t peer_address(std::int32_t handle, std::string& host) {
    return address_of(handle, &getpeername, host);
}

void set_connection_options(std::int32_t handle) {
    set_flag(handle, IPPROTO_TCP, TCP_NODELAY, 1);
    set_flag(handle, SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace millrace
