// Request and response headers: which header version an API's version uses, and their bytes.
//
//   request v0   api key int16, api version int16, correlation id int32
//   request v1   v0, client id as a nullable string with an int16 length
//   request v2   v1, then a tagged section; the client id stays in its old, non-compact form
//   response v0  correlation id int32
//   response v1  v0, then a tagged section
#pragma once

#include "protocol/api.hpp"
#include "protocol/wire.hpp"

#include <cstdint>
#include <string_view>

namespace millrace {

struct RequestHeader {
    std::int16_t api_key = 0;
    std::int16_t api_version = 0;
    std::int32_t correlation_id = 0;
    std::string_view client_id;  // borrowed from the frame; null on the wire is "" here
};

/// 0, 1 or 2. Versions outside of the known range get the header that they would have, so that an
/// ApiVersions request from the future can be answered.
std::int16_t request_header_version(const Api& api, std::int16_t version);

/// 0 or 1.
std::int16_t response_header_version(const Api& api, std::int16_t version);

/// Leaves the reader at the first byte of the body. kUnsupportedVersion for an unknown API key,
/// whose header cannot be known either; kMalformed for bytes that are no header.
Result<RequestHeader> decode_request_header(Reader& reader);

/// REQUIRES: the key is known.
void encode_request_header(Writer& writer, const RequestHeader& header);

/// REQUIRES: the key is known.
void encode_response_header(Writer& writer, std::int16_t api_key, std::int16_t version,
                            std::int32_t correlation_id);

/// The correlation id of a response to `api_key` in `version`; the reader is left at the body.
Result<std::int32_t> decode_response_header(Reader& reader, std::int16_t api_key,
                                            std::int16_t version);

}  // namespace millrace
