// flush.ms in a DirectoryPart: every log.flush.scheduler.interval.ms, a log that has waited so long
// for it has the journal brought onto stable storage, which is a flush of all others too.
#include "core/storage/directory_part.hpp"

#include <algorithm>

namespace millrace {

Task<> DirectoryPart::flush_steadily() {
    while (!failed_ && !closing_) {
        const Time next = world_.now() + set_.shared.config.flush_check_interval;
        const auto waited = co_await background_waiters_.wait(0, next);
        if (waited || waited.error() != make_error_code(Errc::kTimedOut)) co_return;
        const auto flushed = co_await flush_due();
        if (!flushed) co_return;
    }
}

Task<Result<void>> DirectoryPart::flush_due() {
    const bool due = std::any_of(set_.logs.begin(), set_.logs.end(),
                                 [](const auto& each) { return each.second->is_flush_due(); });
    if (!due) co_return Result<void>();
    for (auto& [name, log] : set_.logs) log->begin_flush();
    const Lsn end = journal_->next_lsn();
    const auto flushed = co_await journal_->make_stable(end);
    if (!flushed) co_return flushed;
    for (auto& [name, log] : set_.logs) log->on_flushed();
    co_return Result<void>();
}

}  // namespace millrace
