// What a broker tells over HTTP, on one shard and on three.
#include "cluster/brokerd/admin.hpp"

#include "tests/support/broker_test.hpp"

#include <array>

namespace millrace {
namespace {

class AdminTest : public BrokerTest {
protected:
    static BrokerConfig admin_at(const std::string& address) {
        return read_config({{"admin.listener", address}}).config;
    }

    Task<std::string> get(std::uint16_t port, std::string path) {
        auto stream = co_await Stream::connect(*world_, "127.0.0.1", port);
        EXPECT_TRUE(stream);
        std::string request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
        iovec slice{request.data(), request.size()};
        (void)co_await stream->send_all(std::span(&slice, 1));
        std::string text;
        std::array<char, 4096> piece{};
        for (bool more = true; more;) {
            const MutableBytes into = std::as_writable_bytes(std::span(piece));
            const auto count = co_await stream->receive_some(into);
            more = count.has_value();
            if (more) text.append(piece.data(), *count);
        }
        co_await stream->close();
        co_return text;
    }
};

TEST_P(AdminTest, ReadinessFollowsWhatTheBrokerTells) {
    const auto scenario = [this]() -> Task<> {
        const BrokerConfig config = admin_at("127.0.0.1:0");
        const auto admin = co_await Admin::open(*world_, logger_, config);
        const std::uint16_t port = (*admin)->port().value();
        const std::string early = co_await get(port, "/readyz");
        EXPECT_TRUE(early.starts_with("HTTP/1.1 503 "));
        EXPECT_TRUE(early.ends_with("the log directories are being opened\n"));
        (*admin)->tell_ready(nullptr);
        const std::string ready = co_await get(port, "/readyz");
        EXPECT_TRUE(ready.starts_with("HTTP/1.1 200 "));
        (*admin)->tell_unready("stopping");
        const std::string late = co_await get(port, "/readyz");
        EXPECT_TRUE(late.starts_with("HTTP/1.1 503 "));
        const std::string live = co_await get(port, "/livez");
        EXPECT_TRUE(live.starts_with("HTTP/1.1 200 "));
        const std::string other = co_await get(port, "/");
        EXPECT_TRUE(other.starts_with("HTTP/1.1 404 "));
        co_await (*admin)->stop();
    };
    run(scenario());
}

TEST_P(AdminTest, MetricsAreThoseOfAllShards) {
    std::uint16_t admin_port = 0;
    std::string text;
    with_client([this, &admin_port, &text](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const BrokerConfig config = admin_at("127.0.0.1:0");
        const auto admin = co_await Admin::open(*world_, logger_, config);
        admin_port = (*admin)->port().value();
        text = co_await get(admin_port, "/metrics");
        co_await (*admin)->stop();
    });
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 "));
    EXPECT_NE(text.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
    EXPECT_NE(text.find("\nmillrace_connections 1\n"), std::string::npos);
    EXPECT_NE(text.find("\nmillrace_requests_total{api=\"Metadata\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("\n# TYPE millrace_journal_frame_bytes histogram\n"), std::string::npos);
}

TEST_P(AdminTest, ATakenPortStopsOnlyWhoAskedForIt) {
    const auto scenario = [this]() -> Task<> {
        const BrokerConfig first = admin_at("127.0.0.1:0");
        const auto holder = co_await Admin::open(*world_, logger_, first);
        const std::string taken = "127.0.0.1:" + std::to_string((*holder)->port().value());
        BrokerConfig second = admin_at(taken);
        const auto refused = co_await Admin::open(*world_, logger_, second);
        EXPECT_FALSE(refused);
        // As if the default were taken.
        second.admin_is_default = true;
        const auto without = co_await Admin::open(*world_, logger_, second);
        EXPECT_TRUE(without);
        EXPECT_FALSE((*without)->port());
        co_await (*without)->stop();
        co_await (*holder)->stop();
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("choose another host:port in admin.listener"));
    EXPECT_TRUE(lines_.contain("no figures over HTTP"));
}

TEST_P(AdminTest, AnEmptyAddressServesNothing) {
    const auto scenario = [this]() -> Task<> {
        const BrokerConfig config = admin_at("");
        const auto admin = co_await Admin::open(*world_, logger_, config);
        EXPECT_FALSE((*admin)->port());
        co_await (*admin)->stop();
    };
    run(scenario());
}

INSTANTIATE_TEST_SUITE_P(Shards, AdminTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
