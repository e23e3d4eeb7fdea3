#include "protocol/header.hpp"

#include "core/base/assert.hpp"

namespace millrace {
namespace {

const Api& known_api(std::int16_t key) {
    const Api* api = find_api(key);
    expect(api != nullptr, "headers are written for known APIs only");
    return *api;
}

}  // namespace

std::int16_t request_header_version(const Api& api, std::int16_t version) {
    if (api.key == ApiKey::kControlledShutdown && version == 0) return 0;
    return api.is_flexible(version) ? 2 : 1;
}

std::int16_t response_header_version(const Api& api, std::int16_t version) {
    // The client of an ApiVersions request may have guessed a version that the broker does not
    // have, and could not tell which header answers it.
    if (api.key == ApiKey::kApiVersions) return 0;
    return api.is_flexible(version) ? 1 : 0;
}

Result<RequestHeader> decode_request_header(Reader& reader) {
    RequestHeader header;
    header.api_key = reader.read<std::int16_t>();
    header.api_version = reader.read<std::int16_t>();
    header.correlation_id = reader.read<std::int32_t>();
    if (!reader.ok()) return Errc::kMalformed;
    const Api* api = find_api(header.api_key);
    if (!api) return Errc::kUnsupportedVersion;

    const std::int16_t header_version = request_header_version(*api, header.api_version);
    if (header_version >= 1) {
        const auto length = reader.read_string_length(false);
        header.client_id = as_text(reader.read_span(length.value_or(0)));
    }
    if (header_version >= 2) reader.skip_tagged_fields();
    if (!reader.ok()) return Errc::kMalformed;
    return header;
}

void encode_request_header(Writer& writer, const RequestHeader& header) {
    const Api& api = known_api(header.api_key);
    const std::int16_t header_version = request_header_version(api, header.api_version);
    writer.put(header.api_key);
    writer.put(header.api_version);
    writer.put(header.correlation_id);
    if (header_version >= 1) {
        writer.put_string_length(false, header.client_id.size());
        writer.put_span(as_bytes(header.client_id));
    }
    if (header_version >= 2) writer.put_uvarint(0);
}

void encode_response_header(Writer& writer, std::int16_t api_key, std::int16_t version,
                            std::int32_t correlation_id) {
    writer.put(correlation_id);
    if (response_header_version(known_api(api_key), version) >= 1) writer.put_uvarint(0);
}

Result<std::int32_t> decode_response_header(Reader& reader, std::int16_t api_key,
                                            std::int16_t version) {
    const auto correlation_id = reader.read<std::int32_t>();
    if (response_header_version(known_api(api_key), version) >= 1) reader.skip_tagged_fields();
    if (!reader.ok()) return Errc::kMalformed;
    return correlation_id;
}

}  // namespace millrace
