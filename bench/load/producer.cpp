#include "bench/load/producer.hpp"

#include "protocol/frame.hpp"
#include "protocol/message/api_versions.hpp"

#include <algorithm>

namespace millrace::bench {
namespace {

/// Of answers, which are small.
constexpr std::int32_t kFrameBytesMax = 16 << 20;
/// How soon a connection that waits sees that another one has ended the run.
constexpr Duration kGlance = std::chrono::milliseconds(100);
constexpr std::int32_t kCorrelationMask = 0x7fffffff;

}  // namespace

Producer::Producer(World& world, Course& course, Endpoint broker, Work work)
    : world_(world),
      course_(course),
      broker_(std::move(broker)),
      work_(work),
      budget_(world, kFrameBytesMax),
      gate_(world),
      moved_(world) {
    // What refers to them lives as long as a call.
    fronts_.reserve(work_.in_flight);
}

Task<Outcome<>> Producer::open() {
    auto stream = co_await connect_to(world_, broker_);
    if (!stream) co_return stream.error();
    stream_.emplace(std::move(*stream));
    reader_.emplace(*stream_, budget_, kFrameBytesMax);
    co_return Outcome<>();
}

Task<> Producer::close() {
    if (!stream_) co_return;
    reader_.reset();
    co_await stream_->close();
    stream_.reset();
}

Task<> Producer::run() {
    if (work_.per_second > 0) pace_.emplace(course_.began(), work_.per_second, work_.phase);
    if (work_.is_answered) gate_.spawn(take_answers());
    co_await send_requests();
    has_sent_all_ = true;
    moved_.wake_through(0);
    co_await gate_.close();
    if (!work_.is_answered && !course_.failure()) co_await reach_broker();
    if (pace_ && !course_.failure()) {
        const std::uint64_t due = pace_->due_before(course_.ends());
        course_.tally.requests_unsent += due - std::min(due, sent_);
    }
}

Task<> Producer::send_requests() {
    while (!course_.failure()) {
        gather();
        if (slices_.empty()) {
            // Not before: what was due at the last moment goes out behind it.
            if (world_.now() >= course_.ends()) co_return;
            const Time until = look_again();
            (void)co_await moved_.wait(0, until);
            continue;
        }
        moved_.wake_through(0);
        const auto sent = co_await stream_->send_all(slices_);
        if (!sent) co_return fail(sent.error().message());
        if (!work_.is_answered) count_unanswered();
    }
}

void Producer::gather() {
    fronts_.clear();
    slices_.clear();
    batches_ = 0;
    const Time now = world_.now();
    while (has_room()) {
        const Time due = due_next(now);
        if (due > now || due >= course_.ends()) break;
        add((*work_.requests)[work_.rotation.next()], due);
    }
}

bool Producer::has_room() const {
    return (work_.is_answered ? pending_.size() : fronts_.size()) < work_.in_flight;
}

Time Producer::due_next(Time now) const { return pace_ ? pace_->due(sent_) : now; }

Time Producer::look_again() const {
    const Time now = world_.now();
    const Time latest = std::min(now + kGlance, course_.ends());
    return has_room() ? std::min(latest, due_next(now)) : latest;
}

void Producer::add(const PreparedRequest& request, Time due) {
    const auto correlation = static_cast<std::int32_t>(++sent_ & kCorrelationMask);
    Front& front = fronts_.emplace_back();
    std::copy_n(request.frame.begin(), front.size(), front.begin());
    store_be(&front[PreparedRequest::kCorrelationAt], correlation);
    const ByteView rest = ByteView(request.frame).subspan(front.size());
    slices_.push_back({front.data(), front.size()});
    slices_.push_back({const_cast<std::byte*>(rest.data()), rest.size()});
    batches_ += request.batches;
    if (work_.is_answered) pending_.push_back({due, correlation});
}

void Producer::count_unanswered() {
    const std::uint64_t requests = fronts_.size();
    course_.count(world_.now(), requests, batches_, batches_ * work_.batch_records);
}

Task<> Producer::take_answers() {
    for (;;) {
        while (pending_.empty() && !has_sent_all_) (void)co_await moved_.wait(0, kNever);
        if (pending_.empty()) co_return;
        const auto frame = co_await reader_->next();
        if (!frame) co_return fail(frame.error().message());
        take(*frame);
        moved_.wake_through(0);
    }
}

void Producer::take(const Frame& frame) {
    const Sent sent = pending_.front();
    pending_.pop_front();
    Reader reader(frame.bytes());
    const auto correlation = decode_response_header(reader, ProduceRequest::kApiKey, work_.version);
    const auto response = ProduceResponse::decode(reader, work_.version);
    if (!correlation || *correlation != sent.correlation || !response) {
        return fail("its answer can't be read");
    }
    count(sent, *response);
}

void Producer::count(const Sent& sent, const ProduceResponse& response) {
    const Time now = world_.now();
    std::uint64_t taken = 0;
    for (const auto& topic : response.topics) {
        for (const auto& each : topic.partitions) {
            if (each.error_code == 0) {
                ++taken;
            } else {
                course_.refuse(topic.name + "-" + std::to_string(each.index), each.error_code);
            }
        }
    }
    course_.count(now, 1, taken, taken * work_.batch_records);
    course_.count_latency(sent.due, now);
}

Task<> Producer::reach_broker() {
    Writer writer;
    start_frame(writer);
    encode_request_header(writer, {ApiVersionsRequest::kApiKey, 0, 0, kClientId});
    const ApiVersionsRequest request;
    request.encode(writer, 0);
    finish_frame(writer);
    Bytes bytes = writer.to_bytes();
    std::array<iovec, 1> slice{{{bytes.data(), bytes.size()}}};
    const auto sent = co_await stream_->send_all(slice);
    if (!sent) co_return fail(sent.error().message());
    const auto frame = co_await reader_->next();
    if (!frame) fail("it has refused a batch that asked for no answer, or doesn't answer");
}

void Producer::cut_off() {
    is_cut_off_ = true;
    if (stream_) spawn(world_, stream_->shut_down());
}

void Producer::fail(const std::string& how) {
    course_.fail(broken_off(broker_, is_cut_off_ ? "it doesn't answer" : how));
}

}  // namespace millrace::bench
