// A request in Kafka's bytes, for clients on any world or none.
#pragma once

#include "protocol/frame.hpp"
#include "protocol/header.hpp"

#include <string_view>

namespace millrace {

/// As it goes over the wire, with its size.
template <class Request>
Bytes request_frame(const Request& request, std::int16_t version, std::int32_t correlation_id,
                    std::string_view client_id = "test") {
    Writer writer;
    start_frame(writer);
    encode_request_header(writer, {Request::kApiKey, version, correlation_id, client_id});
    request.encode(writer, version);
    finish_frame(writer);
    return writer.to_bytes();
}

}  // namespace millrace
