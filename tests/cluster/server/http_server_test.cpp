// Clients that ask, that ask for too much, and that never ask, against a server on a real ring.
#include "cluster/server/http_server.hpp"

#include "tests/support/on_shards.hpp"

#include <array>
#include <optional>

namespace millrace {
namespace {

Task<HttpAnswer> tell(std::string path) {
    HttpAnswer answer;
    answer.status = path == "/here" ? 200 : 404;
    answer.body = "you asked for " + path;
    co_return answer;
}

class HttpServerTest : public OnShards {
protected:
    /// A server's life around `scenario(server)`.
    template <class Scenario>
    void with_server(HttpLimits limits, Scenario scenario) {
        const auto whole = [this, limits, &scenario]() -> Task<> {
            HttpServer::Answer answer = tell;
            auto server =
                co_await HttpServer::open(*world_, "127.0.0.1", 0, std::move(answer), limits);
            EXPECT_TRUE(server);
            (*server)->start();
            co_await scenario(**server);
            co_await (*server)->stop();
            if (left_) {
                EXPECT_EQ(co_await receive_all(*left_), "");
                co_await left_->close();
            }
        };
        run(whole());
    }

    /// One that the scenario leaves to the server's stop.
    std::optional<Stream> left_;

    Task<Stream> connect(HttpServer& server) {
        auto stream = co_await Stream::connect(*world_, "127.0.0.1", server.port());
        co_return std::move(*stream);
    }

    static Task<> send(Stream& stream, std::string text) {
        iovec slice{text.data(), text.size()};
        (void)co_await stream.send_all(std::span(&slice, 1));
    }

    /// All that comes until the server closes.
    static Task<std::string> receive_all(Stream& stream) {
        std::string text;
        std::array<char, 4096> piece{};
        for (;;) {
            const MutableBytes into = std::as_writable_bytes(std::span(piece));
            const auto count = co_await stream.receive_some(into);
            if (!count) co_return text;
            text.append(piece.data(), *count);
        }
    }

    Task<std::string> ask(HttpServer& server, std::string text) {
        Stream stream = co_await connect(server);
        co_await send(stream, std::move(text));
        std::string answer = co_await receive_all(stream);
        co_await stream.close();
        co_return answer;
    }
};

TEST_P(HttpServerTest, AnswersAPathAndCloses) {
    with_server({}, [this](HttpServer& server) -> Task<> {
        const std::string got = co_await ask(server, "GET /here?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
        EXPECT_NE(got.find("Content-Length: 19\r\n"), std::string::npos);
        EXPECT_TRUE(got.ends_with("\r\n\r\nyou asked for /here"));
        const std::string none = co_await ask(server, "GET /there HTTP/1.0\r\n\r\n");
        EXPECT_TRUE(none.starts_with("HTTP/1.1 404 Not Found\r\n")) << none;
    });
}

TEST_P(HttpServerTest, AHeadRequestGetsNoBody) {
    with_server({}, [this](HttpServer& server) -> Task<> {
        const std::string got = co_await ask(server, "HEAD /here HTTP/1.1\r\n\r\n");
        EXPECT_NE(got.find("Content-Length: 19\r\n"), std::string::npos);
        EXPECT_TRUE(got.ends_with("\r\n\r\n"));
    });
}

TEST_P(HttpServerTest, OtherMethodsAndOtherBytesAreRefused) {
    with_server({}, [this](HttpServer& server) -> Task<> {
        const std::string post = co_await ask(server, "POST /here HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(post.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
        const std::string tls = co_await ask(server, "\x16\x03\x01 not HTTP");
        EXPECT_TRUE(tls.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    });
}

TEST_P(HttpServerTest, AHeadOverTheLimitIsRefused) {
    HttpLimits limits;
    limits.head_bytes_max = 100;
    with_server(limits, [this](HttpServer& server) -> Task<> {
        const std::string line = "GET /here HTTP/1.1\r\nX: ";
        const std::string got = co_await ask(server, line + std::string(100 - line.size(), 'a'));
        EXPECT_TRUE(got.starts_with("HTTP/1.1 431 ")) << got;
    });
}

TEST_P(HttpServerTest, WhoNeverAsksIsCutAndTheNextIsServed) {
    HttpLimits limits;
    limits.connections_max = 1;
    limits.time_max = std::chrono::milliseconds(50);
    with_server(limits, [this](HttpServer& server) -> Task<> {
        Stream silent = co_await connect(server);
        // It waits in the kernel's queue until the silent one is gone. On a busy machine it may be
        // late itself.
        std::string got;
        while (got.empty()) got = co_await ask(server, "GET /here HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n"));
        EXPECT_EQ(co_await receive_all(silent), "");
        co_await silent.close();
    });
}

TEST_P(HttpServerTest, AStopEndsConnectionsThatWait) {
    HttpLimits limits;
    limits.time_max = std::chrono::hours(1);
    with_server(limits, [this](HttpServer& server) -> Task<> {
        left_ = co_await connect(server);
        const std::string got = co_await ask(server, "GET /here HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n"));
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, HttpServerTest, testing::Values(1));

}  // namespace
}  // namespace millrace
