// A group, its members' questions and the time that passes, for tests of its life event by event:
// who is told what, when, and what has to be stored before.
#pragma once

#include "cluster/groups/group.hpp"
#include "protocol/wire.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace millrace {

using namespace std::chrono_literals;

template <class Answer>
struct Told final : Reply<Answer> {
    void tell(Answer given) override {
        EXPECT_FALSE(answer) << "told twice";
        answer = std::move(given);
    }
    ErrorCode code() const { return answer ? answer->code : ErrorCode::kUnknownServerError; }
    std::optional<Answer> answer;
};

using Join = Told<JoinAnswer>;
using Sync = Told<SyncAnswer>;

/// As a consumer tells it: version 0, one topic, no data of its own.
inline Bytes subscription_to(std::string_view topic) {
    Writer writer;
    writer.put(std::int16_t{0});
    writer.put(std::int32_t{1});
    writer.put(static_cast<std::int16_t>(topic.size()));
    for (const char each : topic) writer.put(static_cast<std::int8_t>(each));
    writer.put(std::int32_t{-1});
    return writer.to_bytes();
}

class GroupTest : public testing::Test {
protected:
    static JoinWish wish(std::string id, std::vector<std::string> protocols = {"range"}) {
        JoinWish wish;
        wish.member_id = std::move(id);
        wish.client_id = "client";
        wish.client_host = "/127.0.0.1";
        wish.session_timeout_ms = 10'000;
        wish.rebalance_timeout_ms = 60'000;
        wish.protocol_type = "consumer";
        for (std::string& each : protocols) {
            wish.protocols.push_back({std::move(each), Bytes(3)});
        }
        return wish;
    }
    /// Of a member that has no id and is let in at once.
    static JoinWish newcomer(std::string id, std::vector<std::string> protocols = {"range"}) {
        JoinWish made = wish("", std::move(protocols));
        made.new_id = std::move(id);
        return made;
    }

    Join& join(JoinWish made) {
        Join& told = joins_.emplace_back();
        group_.join(now(), std::move(made), told);
        return told;
    }
    Sync& sync(std::string_view id, std::int32_t generation, Assignments assignments = {}) {
        Sync& told = syncs_.emplace_back();
        group_.sync(now(), {.who = {id, {}, generation}, .assignments = std::move(assignments)},
                    told);
        return told;
    }
    ErrorCode beat(std::string_view id, std::int32_t generation) {
        return group_.heartbeat(now(), {id, {}, generation});
    }
    void pass(Duration time) {
        const Time end = time_ + time;
        for (auto next = group_.next_deadline(); next && *next <= end;
             next = group_.next_deadline()) {
            time_ = std::max(time_, *next);
            group_.on_time(now());
            group_.rest();
        }
        time_ = end;
    }
    std::vector<GroupStore> store(ErrorCode code = ErrorCode::kNone) {
        std::vector<GroupStore> stores = group_.take_stores();
        for (const GroupStore& each : stores) group_.stored(now(), each, code);
        group_.rest();
        return stores;
    }
    /// Members "a", "b" and so on, of which "a" leads, in a stable generation.
    void be_stable(int count, std::int32_t generation = 1) {
        for (int i = 0; i < count; ++i) join(newcomer(std::string(1, static_cast<char>('a' + i))));
        pass(6s);
        Assignments shares;
        for (int i = 0; i < count; ++i) {
            shares[std::string(1, static_cast<char>('a' + i))] = Bytes(1, std::byte(i));
        }
        for (int i = 0; i < count; ++i) {
            sync(std::string(1, static_cast<char>('a' + i)), generation, shares);
        }
        store();
        ASSERT_EQ(group_.state(), GroupState::kStable);
    }
    /// A static member "a" by itself, with the id "a-1"; what it asked for.
    JoinWish be_stable_and_static() {
        JoinWish asked = newcomer("a-1");
        asked.instance_id = "a";
        join(asked);
        pass(6s);
        sync("a-1", 1);
        store();
        return asked;
    }
    Moment now() const { return {time_, time_.count() / 1'000'000}; }

    Time time_{1s};
    Group group_{"g", {}, now()};
    std::deque<Join> joins_;
    std::deque<Sync> syncs_;
};

}  // namespace millrace
