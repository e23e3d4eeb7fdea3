#include "cluster/handlers/log_reads.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

namespace millrace {
namespace {

/// The limit of an owner whose partitions have their parts of the whole one already.
constexpr std::size_t kEachItsOwn = std::numeric_limits<std::size_t>::max();

/// What the answer tells of a log whatever is read from it. False when there is nothing to read.
bool note_state(LogRead& read) {
    const PartitionLog& log = *read.log;
    const FetchPartition& wanted = *read.wanted;
    // Noted before reading: a long poll waits for what comes behind this, not behind the reading.
    read.durable_end = log.durable_end();
    read.log_start = log.log_start_offset();
    read.diverging.reset();
    if (wanted.last_fetched_epoch < 0 || log.failed()) return !log.ends_at(wanted.from);
    const LeaderEpoch fetched{wanted.last_fetched_epoch};
    const EpochEnd end = log.end_of(fetched, read.epoch);
    if (end.epoch < LeaderEpoch{0} || wanted.from < read.log_start) {
        read.read = Errc::kOffsetOutOfRange;
        return false;
    }
    if (end.epoch < fetched || end.end < wanted.from) read.diverging = end;
    return !read.diverging && !log.ends_at(wanted.from);
}

/// On the owner: what its logs have, in order, within its limit.
Task<> read_logs(BrokerContext&, OwnerReads& mine) {
    bool nothing_yet = mine.limit.any;
    std::size_t left = mine.limit.bytes;
    for (LogRead& each : mine.reads) {
        if (!note_state(each)) continue;
        each.read = co_await each.log->read(each.wanted->from, std::min(each.bytes_max, left),
                                            nothing_yet, mine.limit.into);
        if (!each.read) continue;
        const std::size_t bytes = size_of(*each.read);
        if (bytes > 0) nothing_yet = false;
        left -= std::min(left, bytes);
    }
}

/// On the owner; returns the sum.
std::size_t count_logs(OwnerReads& mine) {
    std::size_t sum = 0;
    for (LogRead& each : mine.reads) {
        each.available = 0;
        each.any_there = false;
        if (!note_state(each)) continue;
        const auto available = each.log->available(each.wanted->from, each.place_in_log);
        if (!available) {
            each.read = available.error();
            continue;
        }
        each.any_there = available->bytes > 0;
        each.available = std::min<std::uint64_t>(available->bytes, each.bytes_max);
        each.lies_behind = available->in_older_segment;
        sum += each.available;
    }
    return sum;
}

/// On the owner: reads if the limit reaches for everything that is there.
Task<> read_if_it_fits(BrokerContext& here, OwnerReads& mine) {
    const std::size_t available = count_logs(mine);
    mine.pending = available > mine.limit.bytes;
    if (available > 0 && !mine.pending) co_await read_logs(here, mine);
}

std::size_t wanted_of(const OwnerReads& mine) {
    std::size_t wanted = 0;
    for (const LogRead& each : mine.reads) wanted += each.bytes_max;
    return wanted;
}

/// A part for each owner: all that it may want, or by the number of its partitions.
void divide(LogReads& reads, ReadLimit limit) {
    std::size_t count = 0;
    std::size_t wanted = 0;
    for (const auto& [owner, mine] : reads) {
        count += mine.reads.size();
        wanted += wanted_of(mine);
    }
    for (auto& [owner, mine] : reads) {
        const std::size_t part = limit.bytes * mine.reads.size() / count;
        mine.limit = {wanted <= limit.bytes ? wanted_of(mine) : part, false, limit.into};
    }
}

std::size_t bytes_read(const LogReads& reads) {
    std::size_t bytes = 0;
    for (const auto& [owner, mine] : reads) {
        for (const LogRead& each : mine.reads) bytes += each.read ? size_of(*each.read) : 0;
    }
    return bytes;
}

/// The rest of the limit, in the request's order, for those who are still to read: whom to visit.
Owners<OwnerReads> divide_rest(LogReads& reads, ReadLimit limit) {
    const std::size_t bytes = bytes_read(reads);
    std::size_t left = limit.bytes - std::min(limit.bytes, bytes);
    bool any = limit.any && bytes == 0;
    Owners<OwnerReads> pending;
    for (auto& [owner, mine] : reads) {
        // The first batch there is may be larger than anybody's part.
        mine.pending = mine.pending || any;
        mine.limit = {0, false, limit.into};
        if (mine.pending) pending.emplace_back(owner, &mine);
    }
    for (LogRead* const each : in_order(reads)) {
        OwnerReads& mine = reads.at(each->owner);
        if (!mine.pending) continue;
        each->bytes_max = std::min(each->available, left);
        left -= each->bytes_max;
        mine.limit.bytes = kEachItsOwn;
        if (each->any_there && std::exchange(any, false)) mine.limit.any = true;
    }
    return pending;
}

Task<> count_only(BrokerContext&, OwnerReads& mine) {
    (void)count_logs(mine);
    co_return;
}

/// Of what was counted last.
bool is_worth_reading(const LogReads& reads, std::size_t enough) {
    std::size_t available = 0;
    for (const auto& [owner, mine] : reads) {
        for (const LogRead& each : mine.reads) {
            if (!each.read || each.diverging || each.lies_behind) return true;
            available += each.available;
        }
    }
    return available >= enough;
}

/// The first partition that has anything, when its first batch was too large for its own limit:
/// nobody else's data may keep it from coming.
LogRead* left_behind(LogReads& reads) {
    for (LogRead* const each : in_order(reads)) {
        if (each->any_there) return each->read && each->read->empty() ? each : nullptr;
    }
    return nullptr;
}

/// On the owner: the batch that comes whole.
Task<> read_whole(BrokerContext&, OwnerReads& mine) {
    LogRead& wanted = *mine.whole;
    wanted.read = co_await wanted.log->read(wanted.wanted->from, 0, true, mine.limit.into);
}

bool is_all_read(const LogReads& reads) {
    bool any_pending = false;
    bool any_there = false;
    for (const auto& [owner, mine] : reads) {
        any_pending = any_pending || mine.pending;
        for (const LogRead& each : mine.reads) any_there = any_there || each.any_there;
    }
    return !any_pending && (!any_there || bytes_read(reads) > 0);
}

/// Waits on several shards for the first that tells of a move, and calls the others off.
class WaitEverywhere {
public:
    WaitEverywhere(BrokerContext& broker, std::deque<LogWait>& waits,
                   const std::vector<ShardNumber>& owners)
        : broker_(broker), waits_(waits), owners_(owners), any_(broker.world) {}

    Task<> run() {
        const auto hear = [this] {
            ended_ = true;
            any_.wake_through(0);
        };
        std::deque<ShardNote<decltype(hear)>> notes;
        const auto bind = [this, &notes](std::size_t i) {
            return [this, i, &notes] { return wait_there(i, notes[i]); };
        };
        std::deque<ShardCall<decltype(bind(0))>> calls;
        for (std::size_t i = 0; i < owners_.size(); ++i) {
            notes.emplace_back(broker_.world, hear);
            calls.emplace_back(broker_.world, owners_[i], bind(i));
        }
        for (auto& call : calls) call.start();
        if (!ended_) (void)co_await any_.wait(0, kNever);
        const auto give_up = [this](std::size_t i) { return give_up_there(i); };
        (void)co_await visit_all(broker_.world, owners_, give_up);
        for (auto& call : calls) co_await call.come_home();
    }

private:
    template <class Note>
    Task<> wait_there(std::size_t i, Note& note) {
        BrokerContext& there = *broker_.shards[owners_[i]];
        co_await there.waits.wait(waits_[i]);
        note.say(there.world);
    }

    Task<Result<void>> give_up_there(std::size_t i) {
        LogWaits::give_up(waits_[i]);
        co_return Result<void>();
    }

    BrokerContext& broker_;
    std::deque<LogWait>& waits_;
    const std::vector<ShardNumber>& owners_;
    WaitList any_;
    bool ended_{};
};

}  // namespace

std::vector<LogRead*> in_order(LogReads& reads) {
    std::vector<LogRead*> all;
    for (auto& [owner, mine] : reads) {
        for (LogRead& each : mine.reads) all.push_back(&each);
    }
    const auto before = [](const LogRead* left, const LogRead* right) {
        return left->place < right->place;
    };
    if (reads.size() > 1) std::sort(all.begin(), all.end(), before);
    return all;
}

Task<> read_everywhere(BrokerContext& broker, LogReads& reads, ReadLimit limit) {
    const Owners<OwnerReads> owners = owners_of(reads);
    if (owners.size() == 1) {
        owners.front().second->limit = limit;
        co_await visit_owners(broker, owners, &read_logs);
        co_return;
    }
    divide(reads, limit);
    co_await visit_owners(broker, owners, &read_if_it_fits);
    const bool no_room = limit.bytes == 0 && !limit.any;
    if (no_room) co_return;
    if (!is_all_read(reads)) {
        const Owners<OwnerReads> pending = divide_rest(reads, limit);
        co_await visit_owners(broker, pending, &read_logs);
    }
    LogRead* const behind = limit.any ? left_behind(reads) : nullptr;
    if (behind == nullptr) co_return;
    OwnerReads& mine = reads.at(behind->owner);
    mine.whole = behind;
    const Owners<OwnerReads> owner{{behind->owner, &mine}};
    co_await visit_owners(broker, owner, &read_whole);
}

Task<> wait_until_available(BrokerContext& broker, LogReads& reads, std::size_t enough,
                            Time deadline) {
    const Owners<OwnerReads> owners = owners_of(reads);
    for (;;) {
        co_await visit_owners(broker, owners, &count_only);
        if (is_worth_reading(reads, enough)) co_return;
        if (broker.world.now() >= deadline || broker.waits.stopping()) co_return;
        co_await wait_for_any(broker, reads, deadline);
    }
}

Task<> wait_for_any(BrokerContext& broker, const LogReads& reads, Time deadline) {
    std::deque<LogWait> waits;
    std::vector<ShardNumber> owners;
    for (const auto& [owner, mine] : reads) {
        owners.push_back(owner);
        LogWait& wait = waits.emplace_back();
        wait.deadline = deadline;
        for (const LogRead& each : mine.reads) wait.known.push_back({each.log, each.durable_end});
    }
    if (owners.size() == 1) {
        LogWait* const wait = &waits.front();
        LogWaits* const there = &broker.shards[owners.front()]->waits;
        const auto visit = [wait, there] { return there->wait(*wait); };
        ShardCall call(broker.world, owners.front(), visit);
        co_await call.run();
        co_return;
    }
    WaitEverywhere everywhere(broker, waits, owners);
    co_await everywhere.run();
}

}  // namespace millrace
