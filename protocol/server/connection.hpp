// One client's ordered conversation: frames in, responses out in the order of their requests.
#pragma once

#include "core/observe/logger.hpp"
#include "core/runtime/gate.hpp"
#include "protocol/server/frame_reader.hpp"
#include "protocol/server/handler_table.hpp"
#include "protocol/server/server_metrics.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>

namespace millrace {

struct ConnectionLimits {
    std::int32_t request_bytes_max = 100 << 20;  // socket.request.max.bytes
    std::size_t pipelined_max = 64;              // requests begun and not yet answered
    // Requests in a row whose work was all on one other shard, until the connection leaves for it.
    std::uint32_t leaves_after = 32;
};

/// Lives on one shard, from accept to close. run() is its one owner coroutine; requests that were
/// admitted early are answered by coroutines inside its gate.
///
/// A response that holds memory of the shard goes out before the next request begins, so that a
/// connection holds one share of it at most.
class Connection final : private MemoryBudget::Sender {
public:
    /// A peer, and what it has sent that belongs to no request yet.
    struct Conversation {
        Stream stream;
        Received rest{};
    };
    /// Where a conversation goes on.
    struct Departure {
        ShardNumber to{};
        Conversation conversation;
    };

    Connection(World& world, Logger& logger, ServerMetrics& metrics, Conversation conversation,
               const HandlerTable& handlers, const AdvertisedListener& listener,
               Semaphore& request_budget, ConnectionLimits limits);

    /// Returns when the peer has gone, has broken the protocol, or stop() was called: then the
    /// socket is closed; or when the conversation should go on on another shard, and with what.
    /// Everything that was begun has ended either way.
    Task<std::optional<Departure>> run();
    /// No further request is read; what was begun is answered.
    void stop() { break_off(); }

    /// Bytes received and sent so far; unchanged between two looks means idle, unless it is busy.
    std::uint64_t activity() const { return reader_.received() + stream_.sent(); }
    /// The peer waits for this broker, and not the other way round.
    bool busy() const { return !exchanges_.empty() && !sending_; }

private:
    /// One request between its frame and its response.
    struct Exchange {
        Exchange(std::uint64_t place, Frame received, RequestHeader header,
                 const AdvertisedListener& listener)
            : number(place), frame(std::move(received)), context(header, listener) {}

        const std::uint64_t number;
        Frame frame;
        RequestContext context;
        std::optional<EncodedResponse> response;
        bool done{};
    };

    Task<Result<void>> begin_next();
    Task<> all_answered();
    const HandlerTable::Serve* find_handler(const RequestHeader& header);
    Task<> answer(Exchange& exchange, const HandlerTable::Serve& serve, Reader body);
    Task<> send_finished();
    std::size_t gather(Writer& writer);
    void put_response(Writer& writer, const Exchange& exchange);
    Task<Result<void>> send(Writer& writer);
    void end_first();
    Task<Result<void>> send_segments(std::vector<Segment> segments);
    /// The request with this number no longer holds up the one behind it.
    void pass(std::uint64_t number);
    void break_off();
    Time moved_at() const override { return std::max(sending_since_, stream_.sent_at()); }
    void give_up() override;

    World& world_;
    Logger& logger_;
    ServerMetrics& metrics_;
    Stream stream_;
    FrameReader reader_;
    const HandlerTable& handlers_;
    const AdvertisedListener& listener_;
    const ConnectionLimits limits_;
    std::deque<std::unique_ptr<Exchange>> exchanges_;
    std::uint64_t begun_{};   // requests begun
    std::uint64_t passed_{};  // the last one that is admitted or answered
    bool sending_{};
    Time sending_since_{};  // the response that is being sent
    bool broken_{};
    std::uint64_t received_counted_{};
    HomeSeeker seeker_;
    WaitList moved_;  // key 0: an exchange was admitted, finished or sent
    Gate gate_;
};

}  // namespace millrace
