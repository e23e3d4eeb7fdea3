// What operators and their probes ask a broker over HTTP, on `admin.listener`: /metrics for
// Prometheus, /readyz and /livez.
#pragma once

#include "cluster/server/http_server.hpp"
#include "core/config/config.hpp"

#include <functional>
#include <memory>
#include <string>

namespace millrace {

/// Lives on shard 0, from before the broker starts until after it has stopped, so that a start that
/// takes long can be watched.
class Admin {
public:
    /// Listens where the configuration says. Nothing is served when it says nowhere, or when its
    /// default is taken, by another broker of this machine say. The error has been logged with
    /// what to do.
    static Task<Result<std::unique_ptr<Admin>>> open(World& world, Logger& logger,
                                                     const BrokerConfig& config);

    /// Nothing when nothing is served.
    std::optional<std::uint16_t> port() const;

    /// Clients are served, as /readyz tells, and `more` is told among the figures.
    void tell_ready(std::function<Task<MetricsSnapshot>()> more) {
        unready_.clear();
        more_ = std::move(more);
    }
    void tell_unready(std::string reason) {
        unready_ = std::move(reason);
        more_ = nullptr;
    }

    Task<> stop();

private:
    explicit Admin(World& world) : world_(world) {}

    Task<HttpAnswer> answer(std::string path);

    World& world_;
    std::string unready_{"the log directories are being opened"};
    std::function<Task<MetricsSnapshot>()> more_;
    std::unique_ptr<HttpServer> server_;
};

}  // namespace millrace
