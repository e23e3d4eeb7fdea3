#include "cluster/tools/link.hpp"

#include "protocol/frame.hpp"
#include "protocol/message/api_versions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

constexpr std::string_view kClientId = "millrace";
constexpr std::int32_t kFrameBytesMax = 1 << 30;
/// From which version on a client tells its name. Every broker answers a version that it doesn't
/// know in the form of version 0.
constexpr std::int16_t kNamedVersions = 3;

/// A group may wait for a member that works on what it has polled: Java's have five minutes for it.
constexpr Duration kPatienceOfMembers = std::chrono::minutes(6);
constexpr Duration kPatience = std::chrono::seconds(60);

Duration patience_with(std::int16_t key) {
    const bool waits_for_members = key == static_cast<std::int16_t>(ApiKey::kJoinGroup) ||
                                   key == static_cast<std::int16_t>(ApiKey::kSyncGroup);
    return waits_for_members ? kPatienceOfMembers : kPatience;
}

/// Cuts off a connection whose answer doesn't come. Lives in the frame of who waits for it.
struct Watchdog : Timer {
    Watchdog(World& its_world, Stream& watched)
        : Timer(&Watchdog::fire), world(its_world), stream(watched) {}

    static void fire(Timer& timer) {
        auto& self = static_cast<Watchdog&>(timer);
        self.has_fired = true;
        spawn(self.world, self.stream.shut_down());
    }

    World& world;
    Stream& stream;
    bool has_fired{};
};

/// A name may stand for an address of IPv6 first, where nobody listens.
std::vector<std::string> hosts_to_try(const std::string& host) {
    std::vector<std::string> hosts{host};
    if (host == "localhost") hosts.emplace_back("127.0.0.1");
    return hosts;
}

}  // namespace

Task<Outcome<Stream>> connect_to(World& world, const Endpoint& broker) {
    Error error;
    const std::vector<std::string> hosts = hosts_to_try(broker.host);
    for (const std::string& host : hosts) {
        auto stream = co_await Stream::connect(world, host, broker.port);
        if (stream) co_return std::move(*stream);
        error = stream.error();
    }
    std::string how = error.message();
    if (error == system_error(EHOSTUNREACH)) how = "no such host, or no way to it";
    co_return broken_off(broker, how);
}

Failure broken_off(const Endpoint& broker, const std::string& how) {
    return {ToolExit::kUnreachable, fmt::format("broker {}:{}: {}", broker.host, broker.port, how),
            true};
}

Link::Link(World& world, Endpoint broker)
    : world_(world), broker_(std::move(broker)), budget_(world, kFrameBytesMax) {}

Failure Link::broken(const std::string& how) const { return broken_off(broker_, how); }

Failure Link::unknown_request(std::int16_t key) const {
    return refused(fmt::format("broker {}:{} doesn't know {} in a version that is known here",
                               broker_.host, broker_.port, find_api(key)->name));
}

Task<Outcome<>> Link::open() {
    if (is_open()) co_return Outcome<>();
    auto connected = co_await connect_to(world_, broker_);
    if (!connected) co_return connected.error();
    stream_.emplace(std::move(*connected));
    reader_.emplace(*stream_, budget_, kFrameBytesMax);
    const auto learnt = co_await learn_versions();
    if (!learnt) co_await close();
    co_return learnt;
}

Task<> Link::close() {
    if (!stream_) co_return;
    last_ = Frame();
    reader_.reset();
    co_await stream_->close();
    stream_.reset();
}

Task<Outcome<>> Link::learn_versions() {
    ApiVersionsRequest request;
    request.client_software_name = kClientId;
    request.client_software_version = "1";
    std::int16_t version = kNamedVersions;
    for (;;) {
        const auto answered = co_await send_and_receive(request, version);
        if (!answered) co_return answered.error();
        Reader reader(last_.bytes());
        (void)decode_response_header(reader, ApiVersionsRequest::kApiKey, version);
        const auto response = ApiVersionsResponse::decode(reader, version);
        if (response && response->error_code == 0) {
            known_.clear();
            for (const auto& each : response->api_keys) {
                known_[each.api_key] = {each.min_version, each.max_version};
            }
            co_return Outcome<>();
        }
        if (version == 0) co_return broken("it doesn't say what it knows: is it a Kafka broker?");
        version = 0;
        request = {};
    }
}

std::optional<std::int16_t> Link::common_version(std::int16_t key, VersionRange ours,
                                                 std::int16_t limit) const {
    const auto theirs = known_.find(key);
    if (theirs == known_.end()) return std::nullopt;
    const std::int16_t newest = std::min({ours.max, theirs->second.max, limit});
    if (newest < std::max(ours.min, theirs->second.min)) return std::nullopt;
    return newest;
}

void Link::begin_request(Writer& writer, std::int16_t key, std::int16_t version) {
    start_frame(writer);
    encode_request_header(writer, {key, version, ++correlation_, kClientId});
}

Task<Outcome<>> Link::send(Writer& writer) {
    if (!stream_) co_return broken("the connection is closed");
    finish_frame(writer);
    if (!writer.ok()) co_return broken("it is too old for what is asked of it");
    const std::vector<Segment> segments = writer.segments();
    std::vector<iovec> slices;
    for (const Segment& each : segments) {
        slices.push_back({const_cast<std::byte*>(each.bytes.data()), each.bytes.size()});
    }
    const auto sent = co_await stream_->send_all(slices);
    if (!sent) {
        co_await close();
        co_return broken(sent.error().message());
    }
    co_return Outcome<>();
}

Task<Outcome<>> Link::receive(std::int16_t key) {
    last_ = Frame();
    Watchdog watchdog(world_, *stream_);
    world_.timers().arm(watchdog, world_.now() + patience_with(key));
    auto frame = co_await reader_->next();
    world_.timers().disarm(watchdog);
    if (!frame) {
        std::string how = frame.error().message();
        if (watchdog.has_fired) how = "it doesn't answer";
        co_await close();
        co_return broken(how);
    }
    last_ = std::move(*frame);
    Reader reader(last_.bytes());
    if (reader.read<std::int32_t>() != correlation_) {
        co_await close();
        co_return broken("its answers come out of order");
    }
    co_return Outcome<>();
}

}  // namespace millrace
