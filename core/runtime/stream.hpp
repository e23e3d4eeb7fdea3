// Sockets through the world: listen, accept, receive, send.
#pragma once

#include "core/base/bytes.hpp"
#include "core/runtime/operation.hpp"

#include <span>
#include <string>

namespace millrace {

/// A connected socket on one shard. Closed by whoever owns it; the destructor asserts that.
class Stream {
public:
    Stream() = default;
    Stream(World& world, std::int32_t handle) : world_(&world), handle_(handle) {}
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream();

    static Task<Result<Stream>> connect(World& world, std::string host, std::uint16_t port);

    /// At least one byte, or Errc::kEndOfStream.
    Task<Result<std::size_t>> receive_some(MutableBytes into);
    /// Sends the slices one behind the other, all of them. `slices` is used up.
    Task<Result<void>> send_all(std::span<iovec> slices);
    /// Ends both directions, so that a pending receive returns.
    Task<> shut_down();
    Task<> close();

private:
    World* world_{};
    std::int32_t handle_{-1};
};

/// A listening socket on one shard.
class Acceptor {
public:
    Acceptor() = default;
    Acceptor(Acceptor&& other) noexcept;
    Acceptor& operator=(Acceptor&& other) noexcept;
    ~Acceptor();

    /// Listens on a numeric address, or on all when `host` is empty. Port 0 takes any free one.
    static Task<Result<Acceptor>> listen(World& world, std::string host, std::uint16_t port);

    std::uint16_t port() const { return port_; }
    Task<Result<Stream>> accept();
    /// Pending and later accepts fail.
    Task<> shut_down();
    Task<> close();

private:
    World* world_{};
    std::int32_t handle_{-1};
    std::uint16_t port_{};
};

}  // namespace millrace
