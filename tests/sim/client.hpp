// A client of the broker in Kafka's bytes, on any world: one connection at a time, made again after
// each failure.
#pragma once

#include "core/runtime/timer.hpp"
#include "protocol/server/frame_reader.hpp"
#include "tests/support/request_frame.hpp"

#include <memory>
#include <optional>

namespace millrace::sim {

/// A request as it goes onto a connection.
template <class Request>
Bytes framed(const Request& request, std::int16_t version, std::int32_t correlation) {
    return request_frame(request, version, correlation, "sim");
}

class Client {
public:
    Client(World& world, std::uint16_t port)
        : world_(world), port_(port), budget_(world, 1 << 30) {}

    /// Sends a request and reads its response, which lives until the next request. An error closes
    /// the connection; whether the request was carried out is unknown then.
    template <class Response, class Request>
    Task<Result<Response>> ask(const Request& request, std::int16_t version) {
        const auto connected = co_await connect();
        if (!connected) co_return connected.error();
        const Bytes bytes = framed(request, version, ++correlation_);
        const auto answered = co_await exchange(bytes);
        if (!answered) {
            co_await drop();
            co_return answered.error();
        }
        Reader reader(last_.bytes());
        (void)decode_response_header(reader, Response::kApiKey, version);
        co_return Response::decode(reader, version);
    }

    Task<> drop() {
        if (!stream_) co_return;
        last_ = Frame();
        reader_.reset();
        co_await stream_->close();
        stream_.reset();
    }

private:
    Task<Result<void>> connect() {
        if (stream_) co_return Result<void>();
        const std::string host = "127.0.0.1";
        auto stream = co_await Stream::connect(world_, host, port_);
        if (!stream) co_return stream.error();
        stream_.emplace(std::move(*stream));
        reader_.emplace(*stream_, budget_, 1 << 30);
        co_return Result<void>();
    }

    Task<Result<void>> exchange(const Bytes& bytes) {
        iovec slice{const_cast<std::byte*>(bytes.data()), bytes.size()};
        const auto sent = co_await stream_->send_all(std::span(&slice, 1));
        if (!sent) co_return sent;
        last_ = Frame();
        auto frame = co_await reader_->next();
        if (!frame) co_return frame.error();
        last_ = std::move(*frame);
        co_return Result<void>();
    }

    World& world_;
    const std::uint16_t port_;
    Semaphore budget_;
    std::optional<Stream> stream_;
    std::optional<FrameReader> reader_;
    Frame last_;
    std::int32_t correlation_{};
};

}  // namespace millrace::sim
