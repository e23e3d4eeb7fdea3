#include "uring/host_probe.hpp"

#include "uring/ring.hpp"
#include "uring/sockets.hpp"

#include <linux/capability.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <ifaddrs.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <set>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace millrace {
namespace {

constexpr unsigned kEntries = 1024;

std::uint64_t limit_of(__rlimit_resource resource) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return LimitFacts::kNone;
    }
    return limit.rlim_cur;
}

/// The kernel counts no locked memory of who has it.
bool may_lock_all() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("CapEff:")) continue;
        const std::uint64_t all = std::strtoull(line.c_str() + 7, nullptr, 16);
        return (all >> CAP_IPC_LOCK & 1) != 0;
    }
    return false;
}

std::string text_of(const sockaddr* address) {
    std::array<char, NI_MAXHOST> text{};
    if (address == nullptr) return {};
    const socklen_t length =
        address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    const int outcome =
        getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    return outcome == 0 ? text.data() : "";
}

std::set<std::string> own_addresses() {
    std::set<std::string> own;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) return own;
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        const std::string text = text_of(each->ifa_addr);
        if (!text.empty()) own.insert(text);
    }
    freeifaddrs(all);
    return own;
}

}  // namespace

RingFacts probe_ring() {
    RingFacts facts;
    utsname system{};
    if (uname(&system) == 0) facts.kernel = system.release;
    const auto ring = Ring::open(kEntries, RingFeatures::allowed_by_environment());
    if (ring) {
        facts.features = (*ring)->features().to_string();
    } else {
        facts.refusal = explain_refusal(ring.error());
    }
    return facts;
}

LimitFacts probe_limits() {
    LimitFacts facts;
    facts.descriptors = limit_of(RLIMIT_NOFILE);
    if (!may_lock_all()) facts.locked_bytes = limit_of(RLIMIT_MEMLOCK);
    return facts;
}

PortFacts probe_port(const std::string& host, std::uint16_t port) {
    PortFacts facts{host, port};
    std::uint16_t bound = port;
    const std::int32_t handle = listen_on(host.c_str(), bound, ListenMode::kAlone);
    if (handle < 0) {
        facts.error = -handle;
    } else {
        close(handle);
    }
    return facts;
}

NameFacts probe_name(const std::string& name) {
    NameFacts facts;
    facts.name = name;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return facts;
    const std::set<std::string> own = own_addresses();
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        facts.addresses.push_back(text_of(each->ai_addr));
        // All of 127/8 is this machine.
        const bool loops = facts.addresses.back().starts_with("127.");
        facts.is_here = facts.is_here || loops || own.contains(facts.addresses.back());
    }
    freeaddrinfo(found);
    return facts;
}

}  // namespace millrace
