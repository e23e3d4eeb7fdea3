// A client in Kafka's bytes, for tests that talk to a broker in the same loop.
#pragma once

#include "core/runtime/stream.hpp"
#include "protocol/api.hpp"
#include "protocol/server/frame_reader.hpp"
#include "tests/support/request_frame.hpp"

#include <gtest/gtest.h>

namespace millrace {

/// One connection; requests go out by hand, responses are read in order.
class Client {
public:
    Client(World& world, Stream stream)
        : stream_(std::move(stream)), budget_(world, 1 << 30), reader_(stream_, budget_, 1 << 30) {}

    template <class Request>
    Task<> send(const Request& request, std::int16_t version) {
        const Bytes bytes = request_frame(request, version, ++sent_);
        co_await send_bytes(bytes);
    }

    Task<> send_bytes(ByteView bytes) {
        iovec slice{const_cast<std::byte*>(bytes.data()), bytes.size()};
        EXPECT_TRUE(co_await stream_.send_all(std::span(&slice, 1)));
    }

    /// The next response, which must answer the next request; decoded as `version`.
    template <class Response>
    Task<Result<Response>> receive(std::int16_t version) {
        last_ = Frame();
        auto frame = co_await reader_.next();
        if (!frame) co_return frame.error();
        last_ = std::move(*frame);
        Reader reader(last_.bytes());
        const auto correlation = decode_response_header(reader, Response::kApiKey, version);
        EXPECT_EQ(correlation.value(), ++received_);
        co_return Response::decode(reader, version);
    }

    template <class Response, class Request>
    Task<Result<Response>> ask(const Request& request, std::int16_t version) {
        co_await send(request, version);
        co_return co_await receive<Response>(version);
    }

    Task<> close() { return stream_.close(); }

private:
    Stream stream_;
    Semaphore budget_;
    FrameReader reader_;
    Frame last_;
    std::int32_t sent_{};
    std::int32_t received_{};
};

}  // namespace millrace
