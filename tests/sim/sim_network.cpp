#include "tests/sim/sim_network.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace::sim {
namespace {

constexpr std::size_t kWindowBytes = 256 << 10;
constexpr Duration kKeepalive = std::chrono::seconds(2);
constexpr std::uint16_t kAnyPort = 9092;

}  // namespace

Duration SimNetwork::delay() {
    const bool slow = prng_.chance(1, 200);
    return std::chrono::microseconds(prng_.between(20, slow ? 50'000 : 400));
}

void SimNetwork::complete_later(Complete complete, std::int32_t result) {
    after_(std::chrono::microseconds(prng_.between(1, 20)),
           [complete = std::move(complete), result] { complete(result); });
}

SimNetwork::Socket* SimNetwork::find(std::int32_t handle) {
    const auto found = sockets_.find(handle);
    return found == sockets_.end() ? nullptr : &found->second;
}

void SimNetwork::start(Process process, const IoRequest& wish, std::uint64_t id,
                       Complete complete) {
    switch (wish.kind) {
        case IoKind::kListen: return listen(process, wish, complete);
        case IoKind::kAccept: return accept({process, id, wish, std::move(complete)});
        case IoKind::kConnect: return connect(process, wish, std::move(complete));
        case IoKind::kSend: return send(wish, complete);
        case IoKind::kReceive: return receive({process, id, wish, std::move(complete)});
        case IoKind::kShutdown:
            shut_down(wish.handle);
            return complete_later(std::move(complete), 0);
        case IoKind::kLocalAddress:
        case IoKind::kPeerAddress:
            *static_cast<std::string*>(wish.data) = "127.0.0.1";
            return complete_later(std::move(complete), 0);
        case IoKind::kClose: close(wish.handle); return complete_later(std::move(complete), 0);
        default: expect(false, "no request of a network");
    }
}

bool SimNetwork::cancel_in(std::deque<Waiting>& line, Process process, std::uint64_t id) {
    const auto found = std::find_if(line.begin(), line.end(), [process, id](const auto& each) {
        return each.process == process && each.id == id;
    });
    if (found == line.end()) return false;
    complete_later(std::move(found->complete), -ECANCELED);
    line.erase(found);
    return true;
}

void SimNetwork::cancel(Process process, std::uint64_t id) {
    for (auto& [handle, socket] : sockets_) {
        if (cancel_in(socket.receivers, process, id)) return;
    }
    for (auto& [handle, door] : doors_) {
        if (cancel_in(door.accepters, process, id)) return;
    }
}

void SimNetwork::listen(Process process, const IoRequest& wish, const Complete& complete) {
    auto port = static_cast<std::uint16_t>(wish.offset);
    if (port == 0) port = kAnyPort;
    for (const auto& [handle, door] : doors_) {
        const bool joins =
            door.process == process && wish.flags == static_cast<std::uint32_t>(ListenMode::kJoin);
        if (door.port == port && !joins) return complete_later(complete, -EADDRINUSE);
    }
    const std::int32_t handle = next_handle_++;
    doors_[handle].process = process;
    doors_[handle].port = port;
    *static_cast<std::uint16_t*>(wish.data) = port;
    complete_later(complete, handle);
}

void SimNetwork::accept(Waiting waiting) {
    const auto door = doors_.find(waiting.wish.handle);
    if (door == doors_.end()) return complete_later(std::move(waiting.complete), -EBADF);
    door->second.accepters.push_back(std::move(waiting));
    serve_door(door->second);
}

void SimNetwork::serve_door(Door& door) {
    while (!door.accepters.empty() && (door.shut || !door.arrived.empty())) {
        Waiting waiting = std::move(door.accepters.front());
        door.accepters.pop_front();
        if (door.shut) {
            complete_later(std::move(waiting.complete), -EINVAL);
            continue;
        }
        const std::int32_t handle = door.arrived.front();
        door.arrived.pop_front();
        complete_later(std::move(waiting.complete), handle);
    }
}

void SimNetwork::connect(Process process, const IoRequest& wish, Complete complete) {
    const auto port = static_cast<std::uint16_t>(wish.offset);
    after_(delay(), [this, process, port, complete = std::move(complete)] {
        // Of the doors of one port, any.
        std::vector<Door*> open;
        for (auto& [handle, each] : doors_) {
            if (each.port == port && !each.shut) open.push_back(&each);
        }
        if (open.empty()) return complete(-ECONNREFUSED);
        Door& door = *open[open.size() == 1 ? 0 : prng_.below(open.size())];
        const std::int32_t mine = next_handle_++;
        const std::int32_t theirs = next_handle_++;
        sockets_[mine].process = process;
        sockets_[mine].peer = theirs;
        sockets_[theirs].process = door.process;
        sockets_[theirs].peer = mine;
        door.arrived.push_back(theirs);
        serve_door(door);
        complete(mine);
    });
}

void SimNetwork::send(const IoRequest& wish, const Complete& complete) {
    Socket* const socket = find(wish.handle);
    if (socket == nullptr) return complete_later(complete, -EBADF);
    if (socket->reset) return complete_later(complete, -ECONNRESET);
    if (prng_.chance(faults.reset_per_10000, 10'000)) {
        ++faults.resets;
        reset(socket->peer);
        reset(wish.handle);
        return complete_later(complete, -ECONNRESET);
    }
    std::vector<std::byte> bytes;
    const auto* slices = static_cast<const iovec*>(wish.data);
    for (std::size_t i = 0; i < wish.size; ++i) {
        const auto* begin = static_cast<const std::byte*>(slices[i].iov_base);
        bytes.insert(bytes.end(), begin, begin + slices[i].iov_len);
    }
    bytes.resize(std::min(bytes.size(), kWindowBytes));
    const auto count = static_cast<std::int32_t>(bytes.size());
    const std::int32_t to = socket->peer;
    if (Socket* const peer = find(to)) {
        // Bytes keep their order whatever the delays are.
        const Duration wait = std::max(delay(), peer->last_arrival - now_());
        peer->last_arrival = now_() + wait;
        after_(wait, [this, to, bytes = std::move(bytes)] { arrive(to, bytes); });
    } else if (!socket->silent) {
        reset(wish.handle);
        return complete_later(complete, -EPIPE);
    }
    complete_later(complete, count);
}

void SimNetwork::arrive(std::int32_t handle, const std::vector<std::byte>& bytes) {
    Socket* const socket = find(handle);
    if (socket == nullptr || socket->reset) return;
    socket->inbox.insert(socket->inbox.end(), bytes.begin(), bytes.end());
    serve_receivers(*socket);
}

void SimNetwork::receive(Waiting waiting) {
    Socket* const socket = find(waiting.wish.handle);
    if (socket == nullptr) return complete_later(std::move(waiting.complete), -EBADF);
    socket->receivers.push_back(std::move(waiting));
    serve_receivers(*socket);
}

void SimNetwork::serve_receivers(Socket& socket) {
    while (!socket.receivers.empty() && (socket.reset || socket.ended || !socket.inbox.empty())) {
        Waiting waiting = std::move(socket.receivers.front());
        socket.receivers.pop_front();
        if (socket.reset) {
            complete_later(std::move(waiting.complete), -ECONNRESET);
            continue;
        }
        std::size_t count = std::min<std::size_t>(waiting.wish.size, socket.inbox.size());
        if (count > 1 && prng_.chance(faults.short_receive_per_10000, 10'000)) {
            ++faults.short_receives;
            count = 1 + prng_.below(count - 1);
        }
        const auto end = socket.inbox.begin() + static_cast<std::ptrdiff_t>(count);
        std::copy(socket.inbox.begin(), end, static_cast<std::byte*>(waiting.wish.data));
        socket.inbox.erase(socket.inbox.begin(), end);
        complete_later(std::move(waiting.complete), static_cast<std::int32_t>(count));
    }
}

void SimNetwork::end_stream(std::int32_t handle) {
    Socket* const socket = find(handle);
    if (socket == nullptr) return;
    socket->ended = true;
    serve_receivers(*socket);
}

void SimNetwork::reset(std::int32_t handle) {
    Socket* const socket = find(handle);
    if (socket == nullptr) return;
    socket->reset = true;
    socket->inbox.clear();
    serve_receivers(*socket);
}

void SimNetwork::shut_down(std::int32_t handle) {
    const auto door = doors_.find(handle);
    if (door != doors_.end()) {
        door->second.shut = true;
        return serve_door(door->second);
    }
    Socket* const socket = find(handle);
    if (socket == nullptr) return;
    end_stream(handle);
    const std::int32_t peer = socket->peer;
    after_(delay() + std::chrono::milliseconds(60), [this, peer] { end_stream(peer); });
}

void SimNetwork::close(std::int32_t handle) {
    const auto door = doors_.find(handle);
    if (door != doors_.end()) {
        for (const std::int32_t arrived : door->second.arrived) close(arrived);
        doors_.erase(door);
        return;
    }
    const auto socket = sockets_.find(handle);
    if (socket == sockets_.end()) return;
    const std::int32_t peer = socket->second.peer;
    after_(delay() + std::chrono::milliseconds(60), [this, peer] { end_stream(peer); });
    sockets_.erase(socket);
}

void SimNetwork::end_process(Process process, bool silently) {
    std::vector<std::int32_t> gone;
    for (auto& [handle, socket] : sockets_) {
        if (socket.process == process) gone.push_back(handle);
    }
    for (const std::int32_t handle : gone) {
        const std::int32_t peer = sockets_[handle].peer;
        sockets_.erase(handle);
        Socket* const left = find(peer);
        if (left == nullptr) continue;
        left->silent = silently;
        if (silently) ++faults.half_open;
        const Duration until = silently ? kKeepalive : delay();
        after_(until, [this, peer] { reset(peer); });
    }
    std::erase_if(doors_, [&](const auto& entry) { return entry.second.process == process; });
}

}  // namespace millrace::sim
