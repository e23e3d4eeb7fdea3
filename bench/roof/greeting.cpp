#include "bench/roof/greeting.hpp"

#include "protocol/frame.hpp"
#include "protocol/header.hpp"
#include "protocol/message/api_versions.hpp"
#include "protocol/message/create_topics.hpp"
#include "protocol/message/delete_topics.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"

#include <stdexcept>

namespace millrace::bench {
namespace {

template <class Message>
Message body_of(Reader& reader, std::int16_t version) {
    auto message = Message::decode(reader, version);
    if (!message) throw std::runtime_error("a request can't be read");
    return std::move(*message);
}

template <class Message>
Bytes framed(const RequestHeader& header, const Message& message) {
    Writer writer;
    start_frame(writer);
    encode_response_header(writer, header.api_key, header.api_version, header.correlation_id);
    message.encode(writer, header.api_version);
    finish_frame(writer);
    return writer.to_bytes();
}

ApiVersionsResponse versions() {
    ApiVersionsResponse response;
    const auto add = [&response](std::int16_t key, VersionRange versions) {
        auto& each = response.api_keys.emplace_back();
        each.api_key = key;
        each.min_version = versions.min;
        each.max_version = versions.max;
    };
    add(ProduceRequest::kApiKey, {3, 8});
    add(MetadataRequest::kApiKey, {0, 8});
    add(ApiVersionsRequest::kApiKey, {0, 2});
    add(CreateTopicsRequest::kApiKey, {0, 4});
    add(DeleteTopicsRequest::kApiKey, {0, 3});
    return response;
}

MetadataResponse metadata(const Host& host, const MetadataRequest& request) {
    MetadataResponse response;
    auto& broker = response.brokers.emplace_back();
    broker.host = "127.0.0.1";
    broker.port = host.port;
    response.controller_id = 0;
    if (!request.topics) return response;
    for (const auto& asked : *request.topics) {
        auto& topic = response.topics.emplace_back();
        topic.name = asked.name;
        for (std::int32_t i = 0; i < host.partitions; ++i) {
            auto& partition = topic.partitions.emplace_back();
            partition.index = i;
            partition.replicas = partition.isr = {0};
        }
    }
    return response;
}

CreateTopicsResponse created(const CreateTopicsRequest& request) {
    CreateTopicsResponse response;
    for (const auto& topic : request.topics) response.topics.emplace_back().name = topic.name;
    return response;
}

DeleteTopicsResponse deleted(const DeleteTopicsRequest& request) {
    DeleteTopicsResponse response;
    for (const auto& name : request.topic_names) response.responses.emplace_back().name = name;
    return response;
}

RequestHeader header_of(Reader& reader) {
    const auto header = decode_request_header(reader);
    if (!header) throw std::runtime_error("a request has no header that can be read");
    return *header;
}

}  // namespace

Bytes greet(const Host& host, ByteView frame) {
    Reader reader(frame);
    const RequestHeader header = header_of(reader);
    const std::int16_t version = header.api_version;
    switch (header.api_key) {
        case ApiVersionsRequest::kApiKey: {
            // A version that is too new is answered in the oldest one, with the reason.
            if (version <= 2) return framed(header, versions());
            ApiVersionsResponse response = versions();
            response.error_code = 35;
            return framed({header.api_key, 0, header.correlation_id, {}}, response);
        }
        case MetadataRequest::kApiKey:
            return framed(header, metadata(host, body_of<MetadataRequest>(reader, version)));
        case CreateTopicsRequest::kApiKey:
            return framed(header, created(body_of<CreateTopicsRequest>(reader, version)));
        case DeleteTopicsRequest::kApiKey:
            return framed(header, deleted(body_of<DeleteTopicsRequest>(reader, version)));
        default: throw std::runtime_error("a client asks for what no producer needs");
    }
}

Bytes acceptance_of(ByteView frame) {
    Reader reader(frame);
    const RequestHeader header = header_of(reader);
    const auto request = body_of<ProduceRequest>(reader, header.api_version);
    if (request.acks == 0) return {};
    ProduceResponse response;
    for (const auto& asked : request.topics) {
        auto& topic = response.topics.emplace_back();
        topic.name = asked.name;
        for (const auto& each : asked.partitions) {
            topic.partitions.emplace_back().index = each.index;
        }
    }
    return framed(header, response);
}

}  // namespace millrace::bench
