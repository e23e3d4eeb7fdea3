// Sockets through the world: listen, accept, receive, send.
#pragma once

#include "core/base/bytes.hpp"
#include "core/runtime/operation.hpp"
#include "core/runtime/part.hpp"

#include <memory>
#include <span>
#include <string>
#include <utility>

namespace millrace {

/// Bytes that a stream has received, and the memory that they lie in: the world's, or their own.
class Received {
public:
    Received() = default;
    Received(World& world, const std::byte* provided, std::size_t size)
        : world_(&world), left_(provided, size), provided_(provided) {}
    Received(std::unique_ptr<std::byte[]> own, std::size_t size)
        : left_(own.get(), size), own_(std::move(own)) {}
    Received(Received&& other) noexcept { swap(other); }
    Received& operator=(Received&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Received() {
        if (provided_ != nullptr && !world_->ending()) world_->give_back(provided_);
    }

    /// What has not been taken out yet.
    ByteView left() const { return left_; }
    /// Copies bytes out until `into` is full or none is left; how many.
    std::size_t take_out(MutableBytes into);

private:
    void swap(Received& other) {
        std::swap(world_, other.world_);
        std::swap(left_, other.left_);
        std::swap(provided_, other.provided_);
        std::swap(own_, other.own_);
    }

    World* world_{};
    ByteView left_;
    const std::byte* provided_{};
    std::unique_ptr<std::byte[]> own_;
};

/// A connected socket on one shard. Closed by whoever owns it; the destructor asserts that.
class Stream {
public:
    Stream() = default;
    Stream(World& world, std::int32_t handle) : world_(&world), handle_(handle) {}
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream();

    static Task<Result<Stream>> connect(World& world, std::string host, std::uint16_t port);

    /// The numeric host by which the peer has reached this end.
    Task<Result<std::string>> local_address();
    Task<Result<std::string>> peer_address();

    /// At least one byte, or Errc::kEndOfStream.
    Task<Result<std::size_t>> receive_some(MutableBytes into);
    /// The same, some KiB at most, into memory that is only taken when bytes arrive, where the
    /// world can do that.
    Task<Result<Received>> receive();
    /// Sends the slices one behind the other, all of them. `slices` is used up. With `more` the
    /// rest of a message follows at once.
    Task<Result<void>> send_all(std::span<iovec> slices, bool more = false);
    /// Sends a part that lies in a file, out of the page cache. What isn't there in time is read
    /// into memory. Errc::kEndOfStream when the file ends first. `part` outlives the call.
    Task<Result<void>> send_file(const Part& part);
    /// From here on it is `world`'s. Called on that shard. REQUIRES: nothing of it is in flight.
    void move_to(World& world) { world_ = &world; }

    /// Ends both directions, so that a pending receive or send returns.
    Task<> shut_down();
    Task<> close();

    /// Bytes that have gone out so far: taken by the peer, or by buffers on the way.
    std::uint64_t sent() const { return sent_; }
    /// When the last of them did.
    Time sent_at() const { return sent_at_; }

private:
    Task<Result<std::string>> address(IoKind end);
    Task<Result<Received>> receive_into_own();
    Task<Result<std::uint64_t>> send_resident(const Part& part, std::uint64_t offset);
    Task<Result<std::uint64_t>> send_by_memory(const Part& part, std::uint64_t offset);
    void note_sent(std::uint64_t count);

    World* world_{};
    std::int32_t handle_{-1};
    std::uint64_t sent_{};
    Time sent_at_{};
};

/// A listening socket on one shard.
class Acceptor {
public:
    Acceptor() = default;
    Acceptor(Acceptor&& other) noexcept;
    Acceptor& operator=(Acceptor&& other) noexcept;
    ~Acceptor();

    /// Listens on a numeric address, or on all when `host` is empty. Port 0 takes any free one.
    static Task<Result<Acceptor>> listen(World& world, std::string host, std::uint16_t port,
                                         ListenMode mode = ListenMode::kAlone);

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
