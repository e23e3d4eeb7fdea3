// A small HTTP/1.1 server for operators and their probes: one GET or HEAD per connection.
//
// Everything that a stranger could make large has a bound: connections at a time, bytes of a head,
// and how long a connection lives.
#pragma once

#include "core/observe/logger.hpp"
#include "core/runtime/gate.hpp"
#include "core/runtime/stream.hpp"

#include <functional>
#include <list>
#include <memory>
#include <string>

namespace millrace {

struct HttpAnswer {
    int status = 200;
    std::string body;
    std::string type = "text/plain; charset=utf-8";
};

struct HttpLimits {
    std::size_t connections_max = 16;  // further ones wait in the kernel's queue
    std::size_t head_bytes_max = 8 << 10;
    Duration time_max = std::chrono::seconds(10);  // from accept to the last byte of the answer
};

/// Lives on one shard. After stop() every connection has ended.
class HttpServer {
public:
    /// Answers a path, without what follows its question mark.
    using Answer = std::function<Task<HttpAnswer>(std::string path)>;

    /// Listens on a numeric address or a name; port 0 takes any free one.
    static Task<Result<std::unique_ptr<HttpServer>>> open(World& world, std::string host,
                                                          std::uint16_t port, Answer answer,
                                                          HttpLimits limits = {});

    std::uint16_t port() const { return acceptor_.port(); }

    /// Begins to accept.
    void start();
    Task<> stop();

private:
    struct Client {
        Client(World& world, Stream accepted, Time until)
            : stream(std::move(accepted)), deadline(until), gate(world) {}
        Stream stream;
        Time deadline;
        Gate gate;
    };

    HttpServer(World& world, Answer answer, HttpLimits limits);

    Task<> accept_connections();
    Task<> cut_late_connections();
    Task<> converse(std::list<Client>::iterator client);
    Task<> answer_one(Stream& stream);
    Task<Result<std::string>> read_head(Stream& stream);
    static void cut(Client& client);

    World& world_;
    const Answer answer_;
    const HttpLimits limits_;
    Acceptor acceptor_;
    std::list<Client> clients_;
    bool stopping_{};
    WaitList changed_;  // key 0: a client came or went, or stop() was called
    Gate gate_;
};

}  // namespace millrace
