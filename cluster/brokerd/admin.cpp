#include "cluster/brokerd/admin.hpp"

#include "cluster/brokerd/figures.hpp"
#include "core/observe/prometheus.hpp"

namespace millrace {

Task<Result<std::unique_ptr<Admin>>> Admin::open(World& world, Logger& logger,
                                                 const BrokerConfig& config) {
    std::unique_ptr<Admin> admin(new Admin(world));
    if (!config.admin) co_return admin;
    Admin* const self = admin.get();
    HttpServer::Answer answer = [self](std::string path) { return self->answer(std::move(path)); };
    const Endpoint& where = *config.admin;
    auto server = co_await HttpServer::open(world, where.host, where.port, std::move(answer));
    if (server) {
        admin->server_ = std::move(*server);
        admin->server_->start();
        logger.info("figures and health are served over HTTP",
                    {{"host", where.host}, {"port", admin->server_->port()}});
        co_return admin;
    }
    const std::string reason = server.error().message();
    if (config.admin_is_default) {
        logger.warn("no figures over HTTP: set admin.listener to a free host:port, or to nothing",
                    {{"host", where.host}, {"port", where.port}, {"reason", reason}});
        co_return admin;
    }
    logger.error("cannot listen: choose another host:port in admin.listener, or leave it empty",
                 {{"host", where.host}, {"port", where.port}, {"reason", reason}});
    co_return server.error();
}

std::optional<std::uint16_t> Admin::port() const {
    if (!server_) return std::nullopt;
    return server_->port();
}

Task<> Admin::stop() {
    if (server_) co_await server_->stop();
}

Task<HttpAnswer> Admin::answer(std::string path) {
    HttpAnswer answer;
    if (path == "/metrics") {
        MetricsSnapshot figures = co_await figures_of_all(world_);
        if (more_) {
            const MetricsSnapshot more = co_await more_();
            figures.merge(more);
        }
        answer.body = prometheus_text(figures);
        answer.type = kPrometheusType;
    } else if (path == "/livez") {
        // The visit is the proof.
        (void)co_await figures_of_all(world_);
        answer.body = "every shard answers\n";
    } else if (path == "/readyz") {
        answer.status = unready_.empty() ? 200 : 503;
        answer.body = (unready_.empty() ? "clients are served" : unready_) + "\n";
    } else {
        answer.status = 404;
        answer.body = "there are /metrics, /readyz and /livez\n";
    }
    co_return answer;
}

}  // namespace millrace
