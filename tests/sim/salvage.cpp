#include "tests/sim/salvage.hpp"

#include "tests/sim/broker_life.hpp"
#include "tests/sim/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace millrace::sim {

Result<LossReport> Salvage::accept_loss(const std::string& folder) {
    SimProcess& process = simulation_.start_process();
    Lines lines(outcome_, print_log_);
    Logger logger(process, lines, LogFormat::kText);
    std::optional<Result<LossReport>> report;
    spawn(process, accept_loss_in(process, logger, folder, report));
    const auto ended = [&] { return report.has_value(); };
    if (!simulation_.run_until(ended, std::chrono::minutes(20))) {
        throw std::runtime_error("a salvage comes to no end");
    }
    simulation_.kill(process);
    ++outcome_.salvages;
    return *report;
}

Task<> Salvage::accept_loss_in(World& world, Logger& logger, std::string folder,
                               std::optional<Result<LossReport>>& report) {
    report = co_await LogDirectory::accept_loss(world, logger, folder, topic_options(config_).log);
}

void Salvage::check_loss(const LossReport& report, std::int32_t partition, std::int64_t known) {
    const std::int64_t end = ledger_.known_end(partition);
    const std::string folder = fmt::format("{}-{}", kTopic, partition);
    outcome_.offsets_given_up += static_cast<std::uint64_t>(known - end);
    const auto told = std::find_if(report.begin(), report.end(),
                                   [&](const Loss& each) { return each.log == folder; });
    if (told == report.end()) {
        if (end < known) ledger_.complain(folder + " lost what the report doesn't name");
        return;
    }
    const bool covers = told->to.value == known || told->maybe_more;
    if (told->from.value != end || told->to.value > known || !covers) {
        ledger_.complain(fmt::format("{} of {} offsets, {} are left", describe(*told), known, end));
    }
}

}  // namespace millrace::sim
