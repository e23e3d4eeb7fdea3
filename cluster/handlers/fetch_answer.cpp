#include "cluster/handlers/fetch_answer.hpp"

#include "cluster/handlers/fetch_conversion.hpp"
#include "cluster/handlers/find_log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace millrace {
namespace {

constexpr std::int16_t kStorageErrorFrom = 6;
constexpr std::int16_t kCurrentLeaderFrom = 16;

/// Kafka tells of these behind everything else.
bool is_unknown(ErrorCode code) {
    return code == ErrorCode::kUnknownTopicId || code == ErrorCode::kUnknownTopicOrPartition;
}

}  // namespace

void FetchAnswer::divide(const TopicsImage& image, FetchPartitions& wanted) {
    FetchTopic* last = nullptr;
    FetchedTopic topic;
    std::size_t place = 0;
    for (FetchPartition& each : wanted.in_order()) {
        if (each.topic != last) {
            last = each.topic;
            topic = find_topic(image, *last);
        }
        LogPlace found;
        const ErrorCode code = check(each, topic, found);
        if (code == ErrorCode::kNone) {
            LogRead read;
            read.place = place;
            read.wanted = &each;
            read.owner = found.owner;
            read.log = found.log;
            read.epoch = topic.image->leader_epoch;
            read.config = &topic.image->config;
            read.bytes_max = static_cast<std::size_t>(std::max(each.bytes_max, 0));
            reads_[found.owner].reads.push_back(std::move(read));
        } else {
            const LeaderEpoch epoch =
                topic.image == nullptr ? LeaderEpoch{-1} : topic.image->leader_epoch;
            refuse(is_unknown(code) ? unknown_ : refused_, place, each, code, epoch);
        }
        ++place;
    }
}

ErrorCode FetchAnswer::check(const FetchPartition& wanted, const FetchedTopic& topic,
                             LogPlace& place) const {
    if (topic.code != ErrorCode::kNone) return topic.code;
    const FoundLog found = find_log(topic.image, wanted.index, wanted.leader_epoch);
    place = found.place;
    if (found.code != ErrorCode::kNone || terms_.replica < 0) return found.code;
    // No broker follows here. Followers try these again.
    return wanted.leader_epoch == -1 ? ErrorCode::kNotLeaderOrFollower
                                     : ErrorCode::kUnknownLeaderEpoch;
}

void FetchAnswer::refuse(std::vector<Told>& among, std::size_t place, FetchPartition& wanted,
                         ErrorCode code, LeaderEpoch epoch) {
    const ErrorCode told_code = in_version(code);
    Told told{
        place, &wanted,
        is_unknown(code) ? failed(wanted.index, told_code) : failed_read(wanted.index, told_code)};
    const bool elsewhere =
        code == ErrorCode::kNotLeaderOrFollower || code == ErrorCode::kFencedLeaderEpoch;
    if (elsewhere && terms_.version >= kCurrentLeaderFrom) {
        told.answer.current_leader.leader_id = broker_.config.broker_id;
        told.answer.current_leader.leader_epoch = epoch.value;
    }
    among.push_back(std::move(told));
}

void FetchAnswer::start_over() {
    for (auto& [owner, mine] : reads_) {
        for (LogRead& each : mine.reads) {
            each.read = Parts();
            each.bytes_max = static_cast<std::size_t>(std::max(each.wanted->bytes_max, 0));
        }
    }
}

bool FetchAnswer::is_urgent() const {
    if (!refused_.empty()) return true;
    for (const auto& [owner, mine] : reads_) {
        for (const LogRead& each : mine.reads) {
            if (!each.read || each.diverging) return true;
        }
    }
    return false;
}

FetchResponse FetchAnswer::finish(FetchPartitions& wanted) {
    FetchResponse response;
    const FetchTopic* last = nullptr;
    for (Told& each : tell_all()) {
        FetchPartition& known = *each.wanted;
        // After an error, which has neither, the next good state is news again.
        known.high_watermark = each.answer.high_watermark;
        known.log_start = each.answer.log_start_offset;
        if (each.answer.current_leader.leader_id >= 0 && response.node_endpoints.empty()) {
            response.node_endpoints.push_back({broker_.config.broker_id, context_.listener.host,
                                               static_cast<std::int32_t>(context_.listener.port),
                                               std::nullopt});
        }
        if (terms_.only_news && each.answer.records && each.answer.records->size() > 0) {
            wanted.move_to_end(known);
        }
        if (std::exchange(last, known.topic) != known.topic) {
            response.topics.emplace_back().name = known.topic->name;
            response.topics.back().topic_id = known.topic->id;
        }
        response.topics.back().partitions.push_back(std::move(each.answer));
    }
    return response;
}

/// In the order of what is wanted; what nobody knows comes last.
std::vector<FetchAnswer::Told> FetchAnswer::tell_all() {
    std::vector<Told> all = std::move(refused_);
    const bool mixed = !all.empty();
    for (LogRead* const each : in_order(reads_)) {
        if (is_news(*each)) all.push_back({each->place, each->wanted, tell(*each)});
    }
    const auto before = [](const Told& left, const Told& right) {
        return left.place < right.place;
    };
    if (mixed) std::sort(all.begin(), all.end(), before);
    std::move(unknown_.begin(), unknown_.end(), std::back_inserter(all));
    return all;
}

bool FetchAnswer::is_news(const LogRead& read) const {
    return !terms_.only_news || !read.read || read.diverging || !read.read->empty() ||
           read.durable_end.value != read.wanted->high_watermark ||
           read.log_start.value != read.wanted->log_start;
}

FetchResponse::Partition FetchAnswer::tell(LogRead& read) const {
    const std::int32_t index = read.wanted->index;
    if (!read.read) return failed_read(index, in_version(to_error_code(read.read.error())));
    const ErrorCode fits = fit_to_version(*read.read, terms_.version, *read.config,
                                          read.wanted->from, broker_.decompressor);
    if (fits != ErrorCode::kNone) return failed(index, fits);
    FetchResponse::Partition partition;
    partition.index = index;
    // Consumers that read committed records get a list, the others none.
    if (!terms_.read_committed || read.diverging) partition.aborted_transactions.reset();
    partition.high_watermark = read.durable_end.value;
    partition.last_stable_offset = read.durable_end.value;
    partition.log_start_offset = read.log_start.value;
    if (read.diverging) {
        partition.diverging_epoch.epoch = read.diverging->epoch.value;
        partition.diverging_epoch.end_offset = read.diverging->end.value;
    }
    partition.records = Records(std::move(*read.read));
    return partition;
}

FetchResponse::Partition FetchAnswer::failed(std::int32_t index, ErrorCode code) const {
    FetchResponse::Partition partition;
    partition.index = index;
    partition.error_code = raw(code);
    partition.high_watermark = -1;
    return partition;
}

/// Where a log was asked at all there is no list.
FetchResponse::Partition FetchAnswer::failed_read(std::int32_t index, ErrorCode code) const {
    FetchResponse::Partition partition = failed(index, code);
    partition.aborted_transactions.reset();
    return partition;
}

/// Clients of version 5 take the storage error for an unknown one, and don't look for a leader.
ErrorCode FetchAnswer::in_version(ErrorCode code) const {
    const bool too_old = terms_.version < kStorageErrorFrom;
    return code == ErrorCode::kKafkaStorageError && too_old ? ErrorCode::kNotLeaderOrFollower
                                                            : code;
}

}  // namespace millrace
