// One connection to one broker, whoever made it: Millrace, or any Kafka from 0.11 on.
#pragma once

#include "cluster/tools/outcome.hpp"
#include "core/config/listeners.hpp"
#include "core/runtime/stream.hpp"
#include "protocol/header.hpp"
#include "protocol/server/frame_reader.hpp"

#include <limits>
#include <map>
#include <optional>

namespace millrace {

/// A bare connection, for who has several requests under way. `broker` outlives the call.
Task<Outcome<Stream>> connect_to(World& world, const Endpoint& broker);

/// It doesn't go on with this broker: the same may work in a moment.
Failure broken_off(const Endpoint& broker, const std::string& how);

/// Requests go out one at a time, each in the newest version that both sides know. Lives on one
/// shard. Whoever opened it closes it. After a failure it can be opened again; whether a request
/// was carried out is unknown then.
class Link {
public:
    static constexpr std::int16_t kNewest = std::numeric_limits<std::int16_t>::max();

    Link(World& world, Endpoint broker);

    const Endpoint& broker() const { return broker_; }
    bool is_open() const { return stream_.has_value(); }

    /// Connects, unless it is connected, and learns what the broker knows.
    Task<Outcome<>> open();
    Task<> close();

    /// The newest version of `Request` that both know, up to `limit`; nothing where there is none.
    template <class Request>
    std::optional<std::int16_t> version_of(std::int16_t limit = kNewest) const {
        return common_version(Request::kApiKey, Request::kVersions, limit);
    }

    /// What a response borrows lives until the next request. REQUIRES: open.
    template <class Response, class Request>
    Task<Outcome<Response>> ask(const Request& request, std::int16_t limit = kNewest) {
        const auto version = version_of<Request>(limit);
        if (!version) co_return unknown_request(Request::kApiKey);
        const auto answered = co_await send_and_receive(request, *version);
        if (!answered) co_return answered.error();
        Reader reader(last_.bytes());
        (void)decode_response_header(reader, Request::kApiKey, *version);
        auto response = Response::decode(reader, *version);
        if (!response) co_return broken("its answer can't be read");
        co_return std::move(*response);
    }

    /// Sends what is never answered: a produce request with acks=0.
    template <class Request>
    Task<Outcome<>> tell(const Request& request) {
        const auto version = version_of<Request>();
        if (!version) co_return unknown_request(Request::kApiKey);
        Writer writer;
        begin_request(writer, Request::kApiKey, *version);
        request.encode(writer, *version);
        co_return co_await send(writer);
    }

private:
    template <class Request>
    Task<Outcome<>> send_and_receive(const Request& request, std::int16_t version) {
        Writer writer;
        begin_request(writer, Request::kApiKey, version);
        request.encode(writer, version);
        const auto sent = co_await send(writer);
        if (!sent) co_return sent.error();
        co_return co_await receive(Request::kApiKey);
    }

    Task<Outcome<>> learn_versions();
    std::optional<std::int16_t> common_version(std::int16_t key, VersionRange ours,
                                               std::int16_t limit) const;
    void begin_request(Writer& writer, std::int16_t key, std::int16_t version);
    Task<Outcome<>> send(Writer& writer);
    Task<Outcome<>> receive(std::int16_t key);
    Failure broken(const std::string& how) const;
    Failure unknown_request(std::int16_t key) const;

    World& world_;
    const Endpoint broker_;
    Semaphore budget_;
    std::optional<Stream> stream_;
    std::optional<FrameReader> reader_;
    Frame last_;
    std::int32_t correlation_{};
    std::map<std::int16_t, VersionRange> known_;  // by API key
};

}  // namespace millrace
