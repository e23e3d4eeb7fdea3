#include "tests/sim/members.hpp"

#include "protocol/error_code.hpp"
#include "protocol/message/find_coordinator.hpp"
#include "protocol/message/heartbeat.hpp"
#include "protocol/message/leave_group.hpp"
#include "protocol/message/offset_commit.hpp"
#include "protocol/message/offset_fetch.hpp"
#include "protocol/message/sync_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace millrace::sim {
namespace {

constexpr std::uint16_t kPort = 9092;
constexpr std::int32_t kSessionMs = 6'000;
constexpr std::int32_t kRebalanceMs = 5'000;
const std::string kGroup = "members";

/// The partitions of a share, a byte each.
Bytes share_of(const std::vector<std::int32_t>& partitions) {
    Bytes bytes;
    for (const std::int32_t each : partitions) bytes.push_back(static_cast<std::byte>(each));
    return bytes;
}

OffsetCommitRequest commit_of(const std::string& id, std::int32_t generation,
                              std::int32_t partition, std::int64_t offset) {
    OffsetCommitRequest request;
    request.group_id = kGroup;
    request.generation_id_or_member_epoch = generation;
    request.member_id = id;
    auto& topic = request.topics.emplace_back();
    topic.name = kTopic;
    topic.partitions.emplace_back().partition_index = partition;
    topic.partitions.back().committed_offset = offset;
    return request;
}

bool is_of_stranger(std::int16_t code) {
    return code == raw(ErrorCode::kUnknownMemberId) || code == raw(ErrorCode::kFencedInstanceId);
}

}  // namespace

void Members::start(bool nothing_lost) {
    nothing_lost_ = nothing_lost;
    for (int i = 0; i < kMembers; ++i) spawn(simulation_.start_process(), live(i));
}

bool Members::is_settled() const {
    std::set<std::int32_t> owned;
    for (const Member& each : members_) {
        if (each.generation < 0 || each.generation != members_.front().generation) return false;
        owned.insert(each.owned.begin(), each.owned.end());
    }
    return owned.size() == static_cast<std::size_t>(kPartitions);
}

Task<> Members::live(int number) {
    World& world = *co_await this_world();
    Client client(world, kPort);
    Prng prng = prng_.fork();
    Member& member = members_.at(static_cast<std::size_t>(number));
    member.number = number;
    while (!stopping_) {
        const bool part = co_await take_part(client, prng, member);
        Goes goes = part ? Goes::kOn : Goes::kToJoin;
        while (goes == Goes::kOn && !stopping_) goes = co_await work(client, prng, member);
        member.former = std::exchange(member.generation, -1);
        if (goes == Goes::kAnew) member.id.clear();
        if (!part) co_await sleep_for(world, std::chrono::milliseconds(prng.between(20, 200)));
    }
    co_await client.drop();
    ++done_;
}

/// From nothing to a share of a generation.
Task<bool> Members::take_part(Client& client, Prng& prng, Member& member) {
    FindCoordinatorRequest question;
    question.coordinator_keys = {kGroup};
    const auto found = co_await client.ask<FindCoordinatorResponse>(question, 4);
    if (!found || found->coordinators.at(0).error_code != 0) co_return false;
    JoinGroupResponse joined;
    if (!co_await join(client, member, joined)) co_return false;
    const bool is_another = joined.generation_id != member.former;
    if (is_another && prng.chance(1, 3)) co_await commit_late(client, member);
    if (!co_await sync(client, member, joined)) co_return false;
    co_return co_await learn_offsets(client, member);
}

Task<bool> Members::join(Client& client, Member& member, JoinGroupResponse& joined) {
    JoinGroupRequest request;
    request.group_id = kGroup;
    request.session_timeout_ms = kSessionMs;
    request.rebalance_timeout_ms = kRebalanceMs;
    request.protocol_type = "sim";
    request.protocols.push_back({"bytes", {}});
    for (int tries = 0; tries < 2; ++tries) {
        request.member_id = member.id;
        auto answer = co_await client.ask<JoinGroupResponse>(request, 5);
        if (!answer) co_return false;
        if (answer->error_code == raw(ErrorCode::kMemberIdRequired)) {
            member.id = answer->member_id;
            continue;
        }
        if (is_of_stranger(answer->error_code)) member.id.clear();
        if (answer->error_code != 0) co_return false;
        joined = std::move(*answer);
        member.id = joined.member_id;
        co_return true;
    }
    co_return false;
}

Task<bool> Members::sync(Client& client, Member& member, const JoinGroupResponse& joined) {
    SyncGroupRequest request;
    request.group_id = kGroup;
    request.generation_id = joined.generation_id;
    request.member_id = member.id;
    std::vector<Bytes> shares;
    shares.reserve(joined.members.size());
    const auto count = static_cast<std::int32_t>(joined.members.size());
    for (std::int32_t i = 0; i < count; ++i) {
        std::vector<std::int32_t> mine;
        for (std::int32_t each = i; each < kPartitions; each += count) mine.push_back(each);
        shares.push_back(share_of(mine));
        const std::string& id = joined.members[static_cast<std::size_t>(i)].member_id;
        request.assignments.push_back({id, ByteView(shares.back())});
    }
    const auto answer = co_await client.ask<SyncGroupResponse>(request, 3);
    if (!answer) co_return false;
    if (is_of_stranger(answer->error_code)) member.id.clear();
    if (answer->error_code != 0) co_return false;
    member.owned.clear();
    for (const std::byte each : answer->assignment) {
        member.owned.push_back(static_cast<std::int32_t>(each));
    }
    member.generation = joined.generation_id;
    ++outcome_.shares_taken;
    note_owned(member);
    co_return true;
}

void Members::note_owned(const Member& member) {
    if (!nothing_lost_) return;
    for (const std::int32_t each : member.owned) {
        const auto [owner, is_new] = owners_.emplace(std::pair(member.generation, each), member.id);
        if (is_new || owner->second == member.id) continue;
        ledger_.complain(
            fmt::format("partition {} has two owners in generation {}", each, member.generation));
    }
}

Task<bool> Members::learn_offsets(Client& client, Member& member) {
    OffsetFetchRequest request;
    request.group_id = kGroup;
    request.topics.emplace().push_back({kTopic, member.owned});
    const auto known = acknowledged_;
    const auto answer = co_await client.ask<OffsetFetchResponse>(request, 6);
    if (!answer || answer->error_code != 0 || member.owned.empty()) {
        co_return answer && answer->error_code == 0;
    }
    for (const auto& each : answer->topics.at(0).partitions) {
        const auto place = static_cast<std::size_t>(each.partition_index);
        const std::int64_t at = std::max<std::int64_t>(each.committed_offset, 0);
        if (nothing_lost_ && at < known.at(place)) {
            ledger_.complain(fmt::format("partition {}: {} is committed, and {} was acknowledged",
                                         each.partition_index, at, known.at(place)));
        }
        if (at > tried_.at(place)) {
            ledger_.complain(
                fmt::format("partition {}: nobody committed {}", each.partition_index, at));
        }
        member.next[each.partition_index] = at;
    }
    co_return true;
}

Task<Members::Goes> Members::work(Client& client, Prng& prng, Member& member) {
    World& world = *co_await this_world();
    co_await sleep_for(world, std::chrono::milliseconds(prng.between(300, 2'500)));
    if (!calm_ && prng.chance(1, 20)) {
        const Goes goes = co_await be_difficult(client, prng, member);
        if (goes != Goes::kOn) co_return goes;
    }
    if (!member.owned.empty() && prng.chance(1, 2)) {
        const Goes goes = co_await commit(client, prng, member);
        if (goes != Goes::kOn) co_return goes;
    }
    co_return co_await beat(client, member);
}

/// Leaves, dies, or sleeps through its session and goes on as if nothing had been.
Task<Members::Goes> Members::be_difficult(Client& client, Prng& prng, Member& member) {
    World& world = *co_await this_world();
    const bool leaves = prng.chance(1, 3);
    if (leaves) {
        LeaveGroupRequest request;
        request.group_id = kGroup;
        request.members.push_back({member.id, {}, {}});
        (void)co_await client.ask<LeaveGroupResponse>(request, 3);
        member.generation = -1;
        co_await sleep_for(world, std::chrono::milliseconds(prng.between(0, 3'000)));
        co_return Goes::kAnew;
    }
    const bool dies = prng.chance(1, 2);
    if (dies) {
        member.generation = -1;
        co_await client.drop();
        co_await sleep_for(world, std::chrono::milliseconds(prng.between(0, 12'000)));
        co_return Goes::kAnew;
    }
    co_await sleep_for(world, std::chrono::milliseconds(prng.between(3'000, 14'000)));
    co_return Goes::kOn;
}

Task<Members::Goes> Members::beat(Client& client, const Member& member) {
    HeartbeatRequest request;
    request.group_id = kGroup;
    request.generation_id = member.generation;
    request.member_id = member.id;
    const auto answer = co_await client.ask<HeartbeatResponse>(request, 3);
    if (!answer) co_return Goes::kToJoin;
    if (is_of_stranger(answer->error_code)) co_return Goes::kAnew;
    co_return answer->error_code == 0 ? Goes::kOn : Goes::kToJoin;
}

/// What it read in its former generation, which is over since it has joined the next.
Task<> Members::commit_late(Client& client, const Member& member) {
    if (member.former < 0 || member.owned.empty()) co_return;
    const std::int32_t partition = member.owned.front();
    const auto read = member.next.find(partition);
    if (read == member.next.end()) co_return;
    const OffsetCommitRequest request =
        commit_of(member.id, member.former, partition, read->second);
    const auto answer = co_await client.ask<OffsetCommitResponse>(request, 7);
    if (!answer) co_return;
    const std::int16_t code = answer->topics.at(0).partitions.at(0).error_code;
    if (code == raw(ErrorCode::kIllegalGeneration)) ++outcome_.stale_commits_refused;
    if (code == 0) ledger_.complain("a commit of a former generation is taken");
}

/// Commits rise as long as the owner is the one that the broker knows. One whose answer is lost may
/// still be under way, so that only another generation goes on behind it.
Task<Members::Goes> Members::commit(Client& client, Prng& prng, Member& member) {
    const std::int32_t partition = member.owned.at(prng.below(member.owned.size()));
    const auto place = static_cast<std::size_t>(partition);
    const std::int64_t offset = member.next[partition] + prng.between(1, 5);
    const OffsetCommitRequest request = commit_of(member.id, member.generation, partition, offset);
    tried_.at(place) = std::max(tried_.at(place), offset);
    const std::int64_t known = acknowledged_.at(place);
    const auto answer = co_await client.ask<OffsetCommitResponse>(request, 7);
    if (!answer) co_return Goes::kToJoin;
    const std::int16_t code = answer->topics.at(0).partitions.at(0).error_code;
    if (is_of_stranger(code)) co_return Goes::kAnew;
    if (code != 0) co_return Goes::kToJoin;
    if (nothing_lost_ && offset <= known) {
        ledger_.complain(
            fmt::format("partition {}: {} is committed behind {}", partition, offset, known));
    }
    ++outcome_.offsets_committed;
    member.next[partition] = offset;
    acknowledged_.at(place) = std::max(acknowledged_.at(place), offset);
    co_return Goes::kOn;
}

}  // namespace millrace::sim
