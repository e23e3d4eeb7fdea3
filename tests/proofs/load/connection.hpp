// A blocking connection to a broker on the loopback interface, in Kafka's bytes. On purpose nothing
// of the product's own sockets, so that a mistake there can't hide itself.
#pragma once

#include "tests/support/request_frame.hpp"

#include <cstdint>

namespace millrace::load {

enum class Received { kFrame, kNothing, kEnded };

/// Owns its socket; used by one thread.
class Connection {
public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { close(); }

    bool open(std::uint16_t port);
    void close();

    /// False once the other side is gone.
    bool send(ByteView bytes);
    /// The next response without its size; kNothing when it isn't whole after `wait_us`.
    Received receive(Bytes& frame, std::int64_t wait_us);

    /// Sends a request and waits for its response. Nothing when the connection ended.
    template <class Response, class Request>
    std::optional<Response> ask(const Request& request, std::int16_t version);

private:
    bool take_frame(Bytes& frame);

    int socket_{-1};
    Bytes buffer_;
    std::size_t used_{};  // of the buffer, from its front
};

template <class Request>
Bytes encode_request(const Request& request, std::int16_t version, std::int32_t correlation) {
    return request_frame(request, version, correlation, "load");
}

/// What a response borrows lives in `frame`.
template <class Response>
std::optional<Response> decode_response(const Bytes& frame, std::int16_t version) {
    Reader reader(frame);
    (void)decode_response_header(reader, Response::kApiKey, version);
    auto response = Response::decode(reader, version);
    if (!response) return std::nullopt;
    return std::move(*response);
}

template <class Response, class Request>
std::optional<Response> Connection::ask(const Request& request, std::int16_t version) {
    if (!send(encode_request(request, version, 1))) return std::nullopt;
    // Lives as long as the thread: a response may borrow from it until the next question.
    thread_local Bytes frame;
    if (receive(frame, 30'000'000) != Received::kFrame) return std::nullopt;
    return decode_response<Response>(frame, version);
}

/// Asks until the topic is there, which brings it into being; the number of its partitions, 0 when
/// the connection ended or it took longer than half a minute.
std::size_t make_topic(Connection& connection, const std::string& topic);

/// CLOCK_MONOTONIC.
std::int64_t now_ns();

}  // namespace millrace::load
