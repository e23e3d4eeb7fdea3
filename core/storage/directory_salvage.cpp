// The way out of a damaged LogDirectory: what can still be believed is kept, the rest is named.
//
// Nothing is written before all frames that are left have been read. Every log is verified batch by
// batch, whatever the journals say of it, and the losses are told while the journals are still
// open: a run that dies is repeated, and tells the same.
#include "core/storage/directory_recovery.hpp"
#include "core/storage/log_directory.hpp"

namespace millrace {

Task<Result<LossReport>> LogDirectory::accept_loss(World& world, Logger& logger, std::string path,
                                                   LogConfig config) {
    const DirectoryIdentity anybodys{DirectoryIdentity::kAnyBroker, ""};
    std::unique_ptr<LogDirectory> directory(
        new LogDirectory(world, logger, path, anybodys, config, 0, {}));
    auto outcome = co_await directory->take_lock();
    if (outcome) outcome = co_await directory->check_identity();
    if (outcome) outcome = co_await directory->choose_engine();
    Result<LossReport> report = LossReport();
    if (outcome) report = co_await directory->salvage();
    if (!outcome) report = outcome.error();
    if (!report) {
        logger.error("a log directory cannot be mended",
                     {{"path", path}, {"reason", report.error().message()}});
    }
    if (directory->lock_.is_open()) (void)co_await directory->lock_.close();
    co_return report;
}

Task<Result<LossReport>> LogDirectory::salvage() {
    const auto scans = co_await scan_journals(OnDamage::kAccept);
    if (!scans) co_return scans.error();
    const std::vector<OpenJournal> open = open_ones(*scans);
    const auto recovery = co_await choose_recovery(!open.empty());
    if (!recovery) co_return recovery.error();
    if (*recovery != Recovery::kReplay) co_return LossReport();
    auto logs = co_await list_logs();
    if (!logs) co_return logs.error();
    for (LogToLoad& each : *logs) each.past.gapless = true;
    auto report = co_await salvage_journals(world_, logger_, path_, config_, open, *logs);
    if (!report) co_return report.error();
    for (const Loss& each : *report) logger_.warn(describe(each), {{"log_dir", path_}});
    const auto kept = co_await keep_log_starts(open);
    if (!kept) co_return kept.error();
    const auto closed = co_await close_journals(open);
    if (!closed) co_return closed.error();
    co_return report;
}

}  // namespace millrace
