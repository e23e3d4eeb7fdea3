#include "protocol/server/connection.hpp"

#include "core/runtime/timer.hpp"
#include "protocol/api.hpp"
#include "protocol/frame.hpp"

#include <algorithm>

namespace millrace {
namespace {

// Small answers that are ready together go out in one send, up to about here.
constexpr std::size_t kGatherBytes = 16 << 10;

}  // namespace

Connection::Connection(World& world, Logger& logger, ServerMetrics& metrics,
                       Conversation conversation, const HandlerTable& handlers,
                       const AdvertisedListener& listener, Semaphore& request_budget,
                       ConnectionLimits limits)
    : world_(world),
      logger_(logger),
      metrics_(metrics),
      stream_(std::move(conversation.stream)),
      reader_(stream_, request_budget, limits.request_bytes_max, std::move(conversation.rest)),
      handlers_(handlers),
      listener_(listener),
      limits_(limits),
      seeker_(world.shard(), limits.leaves_after),
      moved_(world),
      gate_(world) {}

Task<std::optional<Connection::Departure>> Connection::run() {
    std::optional<ShardNumber> leaves_for;
    for (bool goes_on = true; goes_on && !leaves_for;) {
        const auto begun = co_await begin_next();
        goes_on = begun.has_value();
        if (goes_on) leaves_for = seeker_.better();
    }
    if (leaves_for) co_await all_answered();
    co_await gate_.close();
    if (leaves_for && !broken_) {
        co_return Departure{*leaves_for, {std::move(stream_), reader_.take_rest()}};
    }
    co_await stream_.close();
    co_return std::nullopt;
}

Task<> Connection::all_answered() {
    while (!broken_ && !exchanges_.empty()) (void)co_await moved_.wait(0, kNever);
}

Task<Result<void>> Connection::begin_next() {
    auto frame = co_await reader_.next();
    metrics_.bytes_received.add(reader_.received() - received_counted_);
    received_counted_ = reader_.received();
    if (!frame) {
        if (frame.error() == make_error_code(Errc::kTooLarge) ||
            frame.error() == make_error_code(Errc::kMalformed)) {
            metrics_.broken.add();
            logger_.warn("closing a connection: its request's size is not allowed");
        }
        co_return frame.error();
    }
    Reader body(frame->bytes());
    const auto header = decode_request_header(body);
    if (!header) {
        metrics_.broken.add();
        logger_.warn("closing a connection: no request header that this broker knows");
        co_return header.error();
    }
    const HandlerTable::Serve* const serve = find_handler(*header);
    if (serve == nullptr) co_return Errc::kUnsupportedVersion;

    metrics_.requests(header->api_key).add();
    const std::uint64_t number = ++begun_;
    exchanges_.push_back(std::make_unique<Exchange>(number, std::move(*frame), *header, listener_));
    Exchange& exchange = *exchanges_.back();
    exchange.context.on_admitted = [this, number] { pass(number); };
    gate_.spawn(answer(exchange, *serve, body));
    // Kafka begins one request of a connection after the other; only what has its place in a log
    // already lets the next one begin.
    while (!broken_ && (passed_ < number || exchanges_.size() >= limits_.pipelined_max)) {
        (void)co_await moved_.wait(0, kNever);
    }
    if (broken_) co_return Errc::kStopping;
    co_return Result<void>();
}

const HandlerTable::Serve* Connection::find_handler(const RequestHeader& header) {
    const Api* const api = find_api(header.api_key);
    const bool asks_for_versions =
        header.api_key == static_cast<std::int16_t>(ApiKey::kApiVersions);
    const bool served = api != nullptr && api->is_served() &&
                        (api->served.contains(header.api_version) || asks_for_versions);
    const HandlerTable::Serve* const serve = served ? handlers_.find(header.api_key) : nullptr;
    if (serve == nullptr) {
        metrics_.broken.add();
        logger_.warn("closing a connection: the request's API or version is not served",
                     {{"api_key", header.api_key},
                      {"api_version", header.api_version},
                      {"client_id", header.client_id}});
    }
    return serve;
}

Task<> Connection::answer(Exchange& exchange, const HandlerTable::Serve& serve, Reader body) {
    auto response = co_await serve(exchange.context, body);
    if (response) {
        exchange.response = std::move(*response);
    } else {
        const std::string reason = response.error().message();
        exchange.context.close_connection("a request cannot be decoded: " + reason);
    }
    exchange.done = true;
    if (!exchange.context.keeps_memory()) pass(exchange.number);
    if (!sending_) co_await send_finished();
}

void Connection::pass(std::uint64_t number) {
    passed_ = std::max(passed_, number);
    moved_.wake_through(0);
}

Task<> Connection::send_finished() {
    sending_ = true;
    // What became durable in one frame is answered in one turn.
    if (exchanges_.size() > 1) (void)co_await end_of_turn(world_);
    while (!exchanges_.empty() && exchanges_.front()->done) {
        Writer writer;
        std::size_t count = gather(writer);
        if (!broken_ && writer.size() > 0) {
            const auto sent = co_await send(writer);
            if (!sent) break_off();
        }
        for (; count > 0; --count) end_first();
    }
    sending_ = false;
}

/// Puts the answers of the exchanges at the front that are done, as many as one send should take;
/// how many exchanges these are.
std::size_t Connection::gather(Writer& writer) {
    std::size_t count = 0;
    for (const auto& each : exchanges_) {
        const RequestContext& context = each->context;
        // A broken connection's log line comes behind what was answered before.
        const bool waits = count > 0 && (context.keeps_memory() || context.close_reason());
        if (!each->done || waits || writer.borrows() || writer.size() > kGatherBytes) break;
        ++count;
        if (!context.response_withheld() && !context.close_reason()) put_response(writer, *each);
        if (context.keeps_memory() || context.close_reason()) break;
    }
    return count;
}

void Connection::put_response(Writer& writer, const Exchange& exchange) {
    const RequestHeader& header = exchange.context.header;
    const std::size_t begin = start_frame(writer);
    encode_response_header(writer, header.api_key, header.api_version, header.correlation_id);
    writer.append(exchange.response->body);
    finish_frame(writer, begin);
}

Task<Result<void>> Connection::send(Writer& writer) {
    RequestContext& first = exchanges_.front()->context;
    sending_since_ = world_.now();
    if (first.keeps_memory()) first.sent_by(*this);
    const auto sent = co_await send_segments(writer.segments());
    unlink();
    if (sent) metrics_.bytes_sent.add(writer.size());
    co_return sent;
}

void Connection::end_first() {
    Exchange& first = *exchanges_.front();
    if (first.context.close_reason()) {
        metrics_.broken.add();
        logger_.warn("closing a connection", {{"reason", *first.context.close_reason()},
                                              {"client_id", first.context.header.client_id}});
        break_off();
    }
    const std::uint64_t number = first.number;
    seeker_.note(first.context.places());
    exchanges_.pop_front();
    pass(number);
}

/// What lies in memory goes out in gathered sends between the ranges of files.
Task<Result<void>> Connection::send_segments(std::vector<Segment> segments) {
    std::vector<iovec> slices;
    for (const Segment& segment : segments) {
        if (segment.in_file == nullptr) {
            slices.push_back({const_cast<std::byte*>(segment.bytes.data()), segment.bytes.size()});
            continue;
        }
        auto sent = co_await stream_.send_all(slices, true);
        if (sent) sent = co_await stream_.send_file(*segment.in_file);
        if (!sent) co_return sent;
        slices.clear();
    }
    co_return co_await stream_.send_all(slices);
}

void Connection::give_up() {
    metrics_.stalled.add();
    logger_.warn("closing a connection: its peer reads nothing, and others need the memory",
                 {{"client_id", exchanges_.front()->context.header.client_id}});
    break_off();
}

void Connection::break_off() {
    if (broken_) return;
    broken_ = true;
    moved_.wake_through(0);
    if (!gate_.closed()) gate_.spawn(stream_.shut_down());
}

}  // namespace millrace
