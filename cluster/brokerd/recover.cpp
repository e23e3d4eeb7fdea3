#include "cluster/brokerd/recover.hpp"

namespace millrace {

Task<bool> recover_directory(World& world, Logger& logger, Topics::Options options,
                             bool accepts_loss) {
    options.broker_id = DirectoryIdentity::kAnyBroker;
    if (accepts_loss) {
        const std::string directory = options.log_dirs.front();
        const auto lost = co_await LogDirectory::accept_loss(world, logger, directory, options.log);
        if (!lost) co_return false;
        if (lost->empty()) logger.info("nothing was lost");
    }
    auto topics = co_await Topics::open(world, logger, options);
    if (!topics) co_return false;
    const auto closed = co_await (*topics)->close();
    if (closed) logger.info("recovered, and stopped cleanly");
    co_return closed.has_value();
}

}  // namespace millrace
