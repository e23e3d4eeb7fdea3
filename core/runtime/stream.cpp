#include "core/runtime/stream.hpp"

#include "core/base/assert.hpp"
#include "core/runtime/slices.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kSlicesPerSend = 1024;
// Some small requests that arrive together.
constexpr std::size_t kOwnBytes = 16 << 10;

Task<> close_handle(World& world, std::int32_t handle) {
    // A socket's close has no outcome that anybody could act on.
    (void)co_await perform(world, {.kind = IoKind::kClose, .handle = handle});
}

Task<> shut_down_handle(World& world, std::int32_t handle) {
    (void)co_await perform(world, {.kind = IoKind::kShutdown, .handle = handle});
}

}  // namespace

std::size_t Received::take_out(MutableBytes into) {
    const std::size_t count = std::min(into.size(), left_.size());
    std::copy_n(left_.begin(), count, into.begin());
    left_ = left_.subspan(count);
    return count;
}

Stream::Stream(Stream&& other) noexcept
    : world_(other.world_),
      handle_(std::exchange(other.handle_, -1)),
      sent_(other.sent_),
      sent_at_(other.sent_at_) {}

Stream& Stream::operator=(Stream&& other) noexcept {
    expect_equal(handle_, -1, "an open stream is assigned over");
    world_ = other.world_;
    handle_ = std::exchange(other.handle_, -1);
    sent_ = other.sent_;
    sent_at_ = other.sent_at_;
    return *this;
}

Stream::~Stream() {
    expect(handle_ == -1 || world_->ending(), "a stream is dropped without close()");
}

Task<Result<Stream>> Stream::connect(World& world, std::string host, std::uint16_t port) {
    const auto done =
        co_await perform(world, {.kind = IoKind::kConnect, .offset = port, .path = host.c_str()});
    if (!done) co_return done.error();
    co_return Stream(world, static_cast<std::int32_t>(*done));
}

Task<Result<std::string>> Stream::local_address() { return address(IoKind::kLocalAddress); }
Task<Result<std::string>> Stream::peer_address() { return address(IoKind::kPeerAddress); }

Task<Result<std::string>> Stream::address(IoKind end) {
    std::string host;
    const auto done = co_await perform(*world_, {.kind = end, .handle = handle_, .data = &host});
    if (!done) co_return done.error();
    co_return host;
}

Task<Result<std::size_t>> Stream::receive_some(MutableBytes into) {
    const auto done = co_await perform(
        *world_,
        {.kind = IoKind::kReceive, .handle = handle_, .data = into.data(), .size = into.size()});
    if (!done) co_return done.error();
    if (*done == 0) co_return Errc::kEndOfStream;
    co_return static_cast<std::size_t>(*done);
}

Task<Result<Received>> Stream::receive() {
    if (!world_->provides_memory()) co_return co_await receive_into_own();
    std::byte* memory = nullptr;
    const auto done = co_await perform(
        *world_,
        {.kind = IoKind::kReceive, .flags = kIntoProvided, .handle = handle_, .data = &memory});
    if (!done) {
        if (done.error() == system_error(ENOBUFS)) co_return co_await receive_into_own();
        co_return done.error();
    }
    if (*done == 0) co_return Errc::kEndOfStream;
    co_return Received(*world_, memory, *done);
}

Task<Result<Received>> Stream::receive_into_own() {
    auto own = std::make_unique_for_overwrite<std::byte[]>(kOwnBytes);
    const auto count = co_await receive_some(MutableBytes(own.get(), kOwnBytes));
    if (!count) co_return count.error();
    co_return Received(std::move(own), *count);
}

Task<Result<void>> Stream::send_all(std::span<iovec> slices, bool more) {
    while (!slices.empty()) {
        const auto done =
            co_await perform(*world_, {.kind = IoKind::kSend,
                                       .flags = more ? kMore : 0,
                                       .handle = handle_,
                                       .data = slices.data(),
                                       .size = std::min(slices.size(), kSlicesPerSend)});
        if (!done) co_return done.error();
        note_sent(*done);
        slices = drop_front(slices, *done);
    }
    co_return Result<void>();
}

void Stream::note_sent(std::uint64_t count) {
    sent_ += count;
    sent_at_ = world_->now();
}

Task<> Stream::shut_down() { return shut_down_handle(*world_, handle_); }

Task<> Stream::close() { return close_handle(*world_, std::exchange(handle_, -1)); }

Acceptor::Acceptor(Acceptor&& other) noexcept
    : world_(other.world_), handle_(std::exchange(other.handle_, -1)), port_(other.port_) {}

Acceptor& Acceptor::operator=(Acceptor&& other) noexcept {
    expect_equal(handle_, -1, "an open acceptor is assigned over");
    world_ = other.world_;
    handle_ = std::exchange(other.handle_, -1);
    port_ = other.port_;
    return *this;
}

Acceptor::~Acceptor() {
    expect(handle_ == -1 || world_->ending(), "an acceptor is dropped without close()");
}

Task<Result<Acceptor>> Acceptor::listen(World& world, std::string host, std::uint16_t port,
                                        ListenMode mode) {
    Acceptor acceptor;
    const auto done = co_await perform(world, {.kind = IoKind::kListen,
                                               .flags = static_cast<std::uint32_t>(mode),
                                               .offset = port,
                                               .data = &acceptor.port_,
                                               .path = host.c_str()});
    if (!done) co_return done.error();
    acceptor.world_ = &world;
    acceptor.handle_ = static_cast<std::int32_t>(*done);
    co_return acceptor;
}

Task<Result<Stream>> Acceptor::accept() {
    const auto done = co_await perform(*world_, {.kind = IoKind::kAccept, .handle = handle_});
    if (!done) co_return done.error();
    co_return Stream(*world_, static_cast<std::int32_t>(*done));
}

Task<> Acceptor::shut_down() { return shut_down_handle(*world_, handle_); }

Task<> Acceptor::close() { return close_handle(*world_, std::exchange(handle_, -1)); }

}  // namespace millrace
