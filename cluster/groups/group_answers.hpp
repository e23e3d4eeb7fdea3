// What members ask of their group, and what they are told.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/types.hpp"
#include "core/runtime/world.hpp"
#include "protocol/error_code.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// When something happens to a group, by the clock that deadlines go by and by the one that records
/// tell.
struct Moment {
    Time time{};
    TimestampMs wall{};
};

/// A way of dividing the group's work that a member knows, and what it says about itself for it.
struct GroupProtocol {
    std::string name;
    Bytes metadata;

    bool operator==(const GroupProtocol&) const = default;
};

/// What each member gets of the work.
using Assignments = std::map<std::string, Bytes, std::less<>>;

/// Who somebody says to be in a group.
struct MemberClaim {
    std::string_view member_id;
    std::optional<std::string_view> instance_id{};
    std::int32_t generation = -1;
};

struct JoinWish {
    std::string member_id;  // empty: has none yet
    std::string new_id;     // what it is called then
    std::optional<std::string> instance_id{};
    bool needs_known_id{};       // is sent away with the new id first (KIP-394)
    bool can_skip_assignment{};  // a returning leader may be told to leave things as they are
    std::string client_id{};
    std::string client_host{};
    std::int32_t rebalance_timeout_ms{};
    std::int32_t session_timeout_ms{};
    std::string protocol_type{};
    std::vector<GroupProtocol> protocols{};  // the most wanted first
};

struct JoinedMember {
    std::string id;
    std::optional<std::string> instance_id;
    Bytes metadata;
};

struct JoinAnswer {
    ErrorCode code = ErrorCode::kNone;
    std::string member_id{};
    std::int32_t generation = -1;
    std::optional<std::string> protocol_type{};
    std::optional<std::string> protocol_name{};
    std::string leader{};
    bool skip_assignment{};
    std::vector<JoinedMember> members{};  // for the leader only
};

struct SyncWish {
    MemberClaim who;
    std::optional<std::string_view> protocol_type{};
    std::optional<std::string_view> protocol_name{};
    Assignments assignments{};  // of the leader
};

struct SyncAnswer {
    ErrorCode code = ErrorCode::kNone;
    std::optional<std::string> protocol_type{};
    std::optional<std::string> protocol_name{};
    Bytes assignment{};
};

/// Who waits for an answer. Told once, at once or at a later event of the group, and alive until
/// then.
template <class Answer>
class Reply {
public:
    virtual ~Reply() = default;
    virtual void tell(Answer answer) = 0;
};

}  // namespace millrace
