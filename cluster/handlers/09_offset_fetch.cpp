// OffsetFetch, versions 0-9.
//
// What a group hasn't committed is offset -1, without an error. Without topics (from version 2 on)
// it is about all that the group has. From version 8 on about several groups, each with an error of
// its own; versions 2 to 7 have one error for all, and version 1 tells it with every partition.
// Version 0 is for offsets in ZooKeeper, as OffsetCommit's.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

#include <map>

namespace millrace {
namespace {

constexpr std::int16_t kOneErrorFrom = 2;
constexpr std::int16_t kSeveralGroupsFrom = 8;

/// What is asked of one group, and what it has come to.
struct Question {
    std::string_view group;
    bool all{};
    std::vector<OffsetLine> lines;
    ErrorCode code = ErrorCode::kNone;
};

template <class Topics>
std::vector<OffsetLine> lines_of(const Topics& topics) {
    std::vector<OffsetLine> lines;
    for (const auto& topic : topics) {
        for (const std::int32_t index : topic.partition_indexes) {
            lines.push_back({topic.name, index});
        }
    }
    return lines;
}

std::vector<Question> questions_of(const OffsetFetchRequest& request, std::int16_t version) {
    std::vector<Question> questions;
    if (version < kSeveralGroupsFrom) {
        Question& only = questions.emplace_back();
        only.group = request.group_id;
        only.all = !request.topics;
        if (request.topics) only.lines = lines_of(*request.topics);
        return questions;
    }
    for (const auto& each : request.groups) {
        Question& question = questions.emplace_back();
        question.group = each.group_id;
        question.all = !each.topics;
        if (each.topics) question.lines = lines_of(*each.topics);
    }
    return questions;
}

Task<> ask(BrokerContext& broker, Question& question, bool only_stable) {
    const GroupRoute route = route_to(broker, question.group, true);
    question.code = route.code;
    if (route.code != ErrorCode::kNone) co_return;
    const auto visit = [&question, only_stable](GroupCoordinator& there) {
        return there.fetch(question.group, question.all, only_stable, question.lines);
    };
    auto call = visit_coordinator(broker, route, visit);
    question.code = co_await call.run();
}

/// Topics in the order in which they come up, each with its partitions.
template <class Topic>
std::vector<Topic> topics_of(std::vector<OffsetLine>& lines) {
    std::vector<Topic> topics;
    std::map<std::string, std::size_t> places;
    for (OffsetLine& each : lines) {
        const auto [place, is_new] = places.emplace(each.topic, topics.size());
        if (is_new) topics.emplace_back().name = each.topic;
        auto& told = topics[place->second].partitions.emplace_back();
        told.partition_index = each.partition;
        told.committed_offset = each.offset;
        told.committed_leader_epoch = each.leader_epoch;
        told.metadata = std::move(each.metadata);
        told.error_code = raw(each.code);
    }
    return topics;
}

void answer_one(Question& question, std::int16_t version, OffsetFetchResponse& response) {
    const bool failed = question.code != ErrorCode::kNone;
    if (failed && version >= kOneErrorFrom) {
        response.error_code = raw(question.code);
        return;
    }
    for (OffsetLine& each : question.lines) {
        if (failed) each.code = question.code;
    }
    response.topics = topics_of<OffsetFetchResponse::ResponseTopic>(question.lines);
}

void answer_several(std::vector<Question>& questions, OffsetFetchResponse& response) {
    for (Question& each : questions) {
        auto& group = response.groups.emplace_back();
        group.group_id = each.group;
        group.error_code = raw(each.code);
        if (each.code != ErrorCode::kNone) continue;
        group.topics = topics_of<OffsetFetchResponse::ResponseTopics>(each.lines);
    }
}

}  // namespace

Task<OffsetFetchResponse> handle_offset_fetch(BrokerContext& broker, RequestContext& context,
                                              const OffsetFetchRequest& request) {
    const std::int16_t version = context.version();
    OffsetFetchResponse response;
    std::vector<Question> questions = questions_of(request, version);
    for (Question& each : questions) {
        if (version == 0) {
            each.code = ErrorCode::kUnsupportedVersion;
        } else {
            co_await ask(broker, each, request.require_stable);
        }
    }
    if (version < kSeveralGroupsFrom) {
        answer_one(questions.front(), version, response);
    } else {
        answer_several(questions, response);
    }
    co_return response;
}

}  // namespace millrace
