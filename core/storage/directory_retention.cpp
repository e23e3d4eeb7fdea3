// The logs of a DirectoryPart are looked at every log.retention.check.interval.ms: what their
// topics don't keep any longer goes. One log at a time, and appends go on meanwhile.
#include "core/storage/directory_part.hpp"

namespace millrace {

Task<> DirectoryPart::drop_steadily() {
    const LogConfig& config = set_.shared.config;
    Time next = world_.now() + config.first_retention_check;
    while (!failed_ && !closing_) {
        const auto waited = co_await background_waiters_.wait(0, next);
        if (waited || waited.error() != make_error_code(Errc::kTimedOut)) co_return;
        co_await drop_all();
        next = world_.now() + config.retention_check_interval;
    }
}

Task<> DirectoryPart::drop_all() {
    // Logs come and go between two of them.
    auto at = set_.logs.begin();
    while (at != set_.logs.end() && !failed_ && !closing_) {
        const TopicPartition name = at->first;
        const auto dropped = co_await at->second->drop_old(world_.wall_clock_ms());
        const bool is_there = set_.find(name) != nullptr;
        if (!dropped && is_there && !failed_ && !closing_) {
            logger_.warn("cannot delete what a topic keeps no longer",
                         {{"partition", name.folder()}, {"reason", dropped.error().message()}});
        }
        at = set_.logs.upper_bound(name);
    }
}

}  // namespace millrace
