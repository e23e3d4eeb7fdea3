// From an API key to the coroutine that answers it. The cluster floor fills the table; connections
// look up in it.
#pragma once

#include "core/runtime/memory_budget.hpp"
#include "core/runtime/task.hpp"
#include "protocol/api.hpp"
#include "protocol/header.hpp"
#include "protocol/server/home_seeker.hpp"
#include "protocol/wire.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// Both ends of a connection: where its listener tells clients that the broker is reached, and from
/// where this client has come.
struct AdvertisedListener {
    std::string host;
    std::uint16_t port{};
    std::string peer{};  // numeric
};

/// One request on its way through a handler. Lives in the connection until its response is sent.
class RequestContext {
public:
    RequestContext(RequestHeader request_header, const AdvertisedListener& advertised)
        : header(request_header), listener(advertised) {}

    const RequestHeader header;
    const AdvertisedListener& listener;

    std::int16_t version() const { return header.api_version; }

    /// Nothing is sent for this request (acks=0).
    void withhold_response() { withheld_ = true; }
    bool response_withheld() const { return withheld_; }
    /// The connection closes after this request, without a response; `reason` goes to the log.
    void close_connection(std::string reason) { close_reason_ = std::move(reason); }
    const std::optional<std::string>& close_reason() const { return close_reason_; }
    /// What the response holds of the shard's memory, until it is sent.
    void keep(MemoryBudget::Hold hold) { kept_.push_back(std::move(hold)); }
    void drop_kept() { kept_.clear(); }
    bool keeps_memory() const {
        return std::any_of(kept_.begin(), kept_.end(),
                           [](const MemoryBudget::Hold& each) { return each.size() > 0; });
    }
    /// What is kept waits for `sender`'s peer from now on.
    void sent_by(MemoryBudget::Sender& sender) {
        for (MemoryBudget::Hold& each : kept_) each.sent_by(sender);
    }
    /// Some of the request's work is on this shard.
    void works_on(ShardNumber shard) { places_.add(shard); }
    const WorkPlaces& places() const { return places_; }
    /// Lets the connection read and begin its next request before this one is answered: what this
    /// request wants in order has its place. Responses keep the order of requests all the same.
    void admit() {
        if (on_admitted) on_admitted();
    }

    std::function<void()> on_admitted;

private:
    bool withheld_{};
    std::optional<std::string> close_reason_;
    std::vector<MemoryBudget::Hold> kept_;
    WorkPlaces places_;
};

/// An encoded response body, and what its borrowed pieces point into.
struct EncodedResponse {
    Writer body;
    std::shared_ptr<void> owner;
};

/// Filled once at start, read by every connection of the shard.
class HandlerTable {
public:
    /// Answers a request; Error when its body is malformed: the connection closes.
    using Serve = std::function<Task<Result<EncodedResponse>>(RequestContext&, Reader&)>;

    /// `answer` is `Task<Response>(RequestContext&, const Request&)` and lives as long as the
    /// table.
    template <class Request, class Answer>
    void serve(Answer answer) {
        slots_[Request::kApiKey] = [answer](RequestContext& context, Reader& body) {
            return run<Request>(answer, context, body);
        };
    }

    /// For the one API whose bodies are not decoded in every version.
    void serve_undecoded(ApiKey key, Serve serve) {
        slots_[static_cast<std::size_t>(key)] = std::move(serve);
    }

    /// `response` encoded in `version`, kept alive beside its bytes.
    template <class Response>
    static Result<EncodedResponse> encode(Response response, std::int16_t version) {
        auto owner = std::make_shared<Response>(std::move(response));
        EncodedResponse encoded;
        owner->encode(encoded.body, version);
        if (!encoded.body.ok()) return encoded.body.error();
        encoded.owner = std::move(owner);
        return encoded;
    }

    /// Null when the key isn't served.
    const Serve* find(std::int16_t key) const {
        if (key < 0 || static_cast<std::size_t>(key) >= slots_.size()) return nullptr;
        return slots_[static_cast<std::size_t>(key)] ? &slots_[static_cast<std::size_t>(key)]
                                                     : nullptr;
    }

private:
    template <class Request, class Answer>
    static Task<Result<EncodedResponse>> run(const Answer& answer, RequestContext& context,
                                             Reader& body) {
        const auto request = Request::decode(body, context.version());
        if (!request) co_return request.error();
        auto response = co_await answer(context, *request);
        co_return encode(std::move(response), context.version());
    }

    // Key 69 is the highest that a ZooKeeper-mode 3.9 broker serves.
    std::array<Serve, 70> slots_;
};

}  // namespace millrace
