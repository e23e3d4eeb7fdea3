// DeleteTopics, versions 0-6: by name or, from version 6 on, by id.
//
// A topic that is deleted is gone for everybody at once; its folders go later. With a timeout of
// nothing it is deleted too, but nobody waits to say so.
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"
#include "protocol/error_code.hpp"

namespace millrace {
namespace {

using Answer = DeleteTopicsResponse::DeletableTopicResult;

constexpr std::int16_t kByIdFrom = 6;
constexpr std::int16_t kDisabledFrom = 3;

/// Every topic that the request names, with no error yet.
std::vector<Answer> named_in(const DeleteTopicsRequest& request, std::int16_t version) {
    std::vector<Answer> answers;
    for (const std::string& name : request.topic_names) answers.emplace_back().name = name;
    if (version < kByIdFrom) return answers;
    for (const auto& topic : request.topics) {
        Answer& answer = answers.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
    }
    return answers;
}

void refuse_all(std::vector<Answer>& answers, ErrorCode code) {
    for (Answer& each : answers) each.error_code = raw(code);
}

bool names_twice(const std::vector<Answer>& answers) {
    for (const Answer& each : answers) {
        if (each.name && !each.topic_id.is_zero()) return true;
    }
    return false;
}

/// Finds out what is meant; a topic that isn't there is refused.
void look_up(const TopicsImage& image, Answer& answer) {
    if (!answer.topic_id.is_zero()) {
        const auto name = image.name_of(answer.topic_id);
        if (name) {
            answer.name = std::string(*name);
        } else {
            answer.error_code = raw(ErrorCode::kUnknownTopicId);
        }
        return;
    }
    const bool is_there = answer.name && image.find(*answer.name) != nullptr;
    if (!is_there) answer.error_code = raw(ErrorCode::kUnknownTopicOrPartition);
}

Task<Result<void>> forget_there(BrokerContext& there, const std::vector<std::string>& topics) {
    co_await there.groups.forget_topics(topics);
    co_return Result<void>();
}

/// What groups have committed there goes with the topics.
Task<> forget_offsets(BrokerContext& home, const std::vector<std::string>& topics) {
    std::vector<ShardNumber> shards;
    for (ShardNumber i = 0; i < home.shards.size(); ++i) shards.push_back(i);
    const auto visit = [&home, &topics](std::size_t i) {
        return forget_there(*home.shards[i], topics);
    };
    (void)co_await visit_all(home.world, shards, visit);
}

/// On shard 0.
Task<> remove_topics(BrokerContext& home, std::vector<Answer>& answers, ErrorCode success) {
    std::vector<std::string> names;
    for (Answer& each : answers) {
        look_up(home.topics.image(), each);
        if (each.error_code == 0) names.push_back(*each.name);
    }
    if (names.empty()) co_return;
    const auto removed = co_await home.topics.remove(names);
    if (removed) co_await forget_offsets(home, names);
    const ErrorCode code = removed ? success : to_error_code(removed.error());
    for (Answer& each : answers) {
        if (each.error_code == 0) each.error_code = raw(code);
    }
}

}  // namespace

Task<DeleteTopicsResponse> handle_delete_topics(BrokerContext& broker, RequestContext& context,
                                                const DeleteTopicsRequest& request) {
    DeleteTopicsResponse response;
    response.responses = named_in(request, context.version());
    if (!broker.config.delete_topics) {
        const bool known = context.version() >= kDisabledFrom;
        refuse_all(response.responses,
                   known ? ErrorCode::kTopicDeletionDisabled : ErrorCode::kInvalidRequest);
        co_return response;
    }
    if (names_twice(response.responses)) {
        refuse_all(response.responses, ErrorCode::kInvalidRequest);
        for (Answer& each : response.responses) {
            each.error_message = "Topic name and topic ID can not both be specified.";
        }
        co_return response;
    }
    const ErrorCode success =
        request.timeout_ms > 0 ? ErrorCode::kNone : ErrorCode::kRequestTimedOut;
    BrokerContext* const home = broker.shards.front();
    std::vector<Answer>& answers = response.responses;
    const auto visit = [home, &answers, success] { return remove_topics(*home, answers, success); };
    ShardCall call(broker.world, 0, visit);
    co_await call.run();
    co_return response;
}

}  // namespace millrace
