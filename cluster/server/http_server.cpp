#include "cluster/server/http_server.hpp"

#include "cluster/server/http_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

// Pause after an accept that failed for want of descriptors or memory.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 400: return "Bad Request";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 431: return "Request Header Fields Too Large";
        case 503: return "Service Unavailable";
        default: return "Unknown";
    }
}

/// A HEAD is told how long the body would be, and doesn't get it.
std::string to_bytes(const HttpAnswer& answer, bool with_body) {
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
        "Cache-Control: no-store\r\n{}Connection: close\r\n\r\n{}",
        answer.status, reason_of(answer.status), answer.type, answer.body.size(),
        answer.status == 405 ? "Allow: GET, HEAD\r\n" : "", with_body ? answer.body : "");
}

}  // namespace

HttpServer::HttpServer(World& world, Answer answer, HttpLimits limits)
    : world_(world), answer_(std::move(answer)), limits_(limits), changed_(world), gate_(world) {}

Task<Result<std::unique_ptr<HttpServer>>> HttpServer::open(World& world, std::string host,
                                                           std::uint16_t port, Answer answer,
                                                           HttpLimits limits) {
    std::unique_ptr<HttpServer> server(new HttpServer(world, std::move(answer), limits));
    auto acceptor = co_await Acceptor::listen(world, host, port);
    if (!acceptor) co_return acceptor.error();
    server->acceptor_ = std::move(*acceptor);
    co_return server;
}

void HttpServer::start() {
    gate_.spawn(accept_connections());
    gate_.spawn(cut_late_connections());
}

Task<> HttpServer::accept_connections() {
    while (!stopping_) {
        if (clients_.size() >= limits_.connections_max) {
            (void)co_await changed_.wait(0, kNever);
            continue;
        }
        auto stream = co_await acceptor_.accept();
        if (stopping_) {
            if (stream) co_await stream->close();
            break;
        }
        if (!stream) {
            (void)co_await changed_.wait(0, world_.now() + kAcceptPause);
            continue;
        }
        const auto client = clients_.emplace(clients_.end(), world_, std::move(*stream),
                                             world_.now() + limits_.time_max);
        gate_.spawn(converse(client));
        changed_.wake_through(0);
    }
}

Task<> HttpServer::cut_late_connections() {
    while (!stopping_) {
        Time first = kNever;
        for (const Client& each : clients_) first = std::min(first, each.deadline);
        (void)co_await changed_.wait(0, first);
        for (Client& each : clients_) {
            if (each.deadline <= world_.now()) cut(each);
        }
    }
}

void HttpServer::cut(Client& client) {
    client.deadline = kNever;
    if (!client.gate.closed()) client.gate.spawn(client.stream.shut_down());
}

Task<> HttpServer::converse(std::list<Client>::iterator client) {
    co_await answer_one(client->stream);
    co_await client->gate.close();
    co_await client->stream.close();
    clients_.erase(client);
    changed_.wake_through(0);
}

/// The bytes of a head, and what came behind it; what is left of them when the peer stops early or
/// sends too much is told by the error.
Task<Result<std::string>> HttpServer::read_head(Stream& stream) {
    std::string head;
    std::array<char, 1024> piece{};
    while (head.size() < limits_.head_bytes_max) {
        const std::size_t room = std::min(piece.size(), limits_.head_bytes_max - head.size());
        const MutableBytes into = std::as_writable_bytes(std::span(piece)).first(room);
        const auto count = co_await stream.receive_some(into);
        if (!count) co_return count.error();
        head.append(piece.data(), *count);
        const auto state = parse_http_head(std::as_bytes(std::span(head))).state;
        if (state == HttpHead::State::kWhole) co_return head;
        if (state == HttpHead::State::kMalformed) co_return Errc::kMalformed;
    }
    co_return Errc::kTooLarge;
}

Task<> HttpServer::answer_one(Stream& stream) {
    HttpAnswer answer;
    bool with_body = true;
    const auto bytes = co_await read_head(stream);
    if (bytes) {
        const HttpHead head = parse_http_head(std::as_bytes(std::span(*bytes)));
        with_body = head.method != "HEAD";
        if (head.method == "GET" || head.method == "HEAD") {
            std::string path = head.target.substr(0, head.target.find('?'));
            answer = co_await answer_(std::move(path));
        } else {
            answer.status = 405;
        }
    } else if (bytes.error() == make_error_code(Errc::kTooLarge)) {
        answer.status = 431;
    } else if (bytes.error() == make_error_code(Errc::kMalformed)) {
        answer.status = 400;
    } else {
        co_return;
    }
    std::string text = to_bytes(answer, with_body);
    iovec slice{text.data(), text.size()};
    (void)co_await stream.send_all(std::span(&slice, 1));
}

Task<> HttpServer::stop() {
    stopping_ = true;
    changed_.wake_through(0);
    co_await acceptor_.shut_down();
    for (Client& each : clients_) cut(each);
    co_await gate_.close();
    co_await acceptor_.close();
}

}  // namespace millrace
