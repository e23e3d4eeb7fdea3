// The head of an HTTP request, out of the bytes that have come so far.
#pragma once

#include "core/base/bytes.hpp"

#include <string>

namespace millrace {

struct HttpHead {
    enum class State { kIncomplete, kWhole, kMalformed };

    State state{};
    std::string method;  // of a whole one
    std::string target;  // as the client wrote it
};

/// Nothing is kept between calls: give it the same bytes with the next ones behind them.
HttpHead parse_http_head(ByteView bytes);

}  // namespace millrace
