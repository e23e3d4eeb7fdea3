// How a tool ends, and what it says when it can't do what it was asked for.
#pragma once

#include "protocol/error_code.hpp"

#include <boost/system/result.hpp>

#include <string>

namespace millrace {

/// What the process ends with.
enum class ToolExit {
    kDone = 0,
    kRefused = 1,      // what was asked for isn't there, or the cluster refuses it
    kWrongUsage = 2,   // the command line makes no sense
    kUnreachable = 3,  // no broker answers, or the connection broke
};

/// `text` is one sentence or more for people, without a line end.
struct Failure {
    ToolExit exit = ToolExit::kRefused;
    std::string text;
    /// The same may work in a moment: a broker starts anew, a leader is being elected.
    bool may_pass{};
};

template <class T = void>
using Outcome = boost::system::result<T, Failure>;

inline Failure refused(std::string text) { return {ToolExit::kRefused, std::move(text)}; }

/// What the cluster answered to `what`: Kafka's name of the code, as it stands in every manual.
inline Failure refused_by_kafka(const std::string& what, std::int16_t code) {
    const auto error = static_cast<ErrorCode>(code);
    const bool is_stale =
        error == ErrorCode::kFencedLeaderEpoch || error == ErrorCode::kUnknownLeaderEpoch;
    return {ToolExit::kRefused, what + ": " + std::string(name_of(error)),
            is_stale || is_retriable(error)};
}

}  // namespace millrace
