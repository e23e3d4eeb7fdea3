// ApiVersions, versions 0-4, and any other version.
//
// Answers with the APIs that are served. A version above 4 comes from a newer client: its body is
// not looked at, and the answer is in version 0 with UNSUPPORTED_VERSION and the one range of key
// 18, so that the client can ask again (KIP-511). From version 3 on the client names its software.
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>

namespace millrace {
namespace {

bool is_letter_or_digit(char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
           (each >= '0' && each <= '9');
}

/// Letters, digits, '-' and '.', beginning and ending with a letter or digit.
bool is_software_name(const std::string& name) {
    return !name.empty() && is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
           std::all_of(name.begin(), name.end(), [](char each) {
               return is_letter_or_digit(each) || each == '-' || each == '.';
           });
}

ApiVersionsResponse served_apis() {
    ApiVersionsResponse response;
    for (const Api& api : all_apis()) {
        if (!api.is_served()) continue;
        response.api_keys.push_back(
            {static_cast<std::int16_t>(api.key), api.served.min, api.served.max});
    }
    // No features are finalized, since the beginning.
    response.finalized_features_epoch = 0;
    return response;
}

ApiVersionsResponse own_range_only() {
    ApiVersionsResponse response;
    response.error_code = raw(ErrorCode::kUnsupportedVersion);
    const VersionRange own = find_api(ApiKey::kApiVersions)->served;
    response.api_keys.push_back({ApiVersionsRequest::kApiKey, own.min, own.max});
    return response;
}

}  // namespace

Task<Result<EncodedResponse>> handle_api_versions(RequestContext& context, Reader& body) {
    if (!ApiVersionsRequest::kVersions.contains(context.version())) {
        co_return HandlerTable::encode(own_range_only(), 0);
    }
    const auto request = ApiVersionsRequest::decode(body, context.version());
    if (!request) co_return request.error();
    ApiVersionsResponse response;
    if (context.version() >= 3 && (!is_software_name(request->client_software_name) ||
                                   !is_software_name(request->client_software_version))) {
        response.error_code = raw(ErrorCode::kInvalidRequest);
    } else {
        response = served_apis();
    }
    co_return HandlerTable::encode(std::move(response), context.version());
}

}  // namespace millrace
