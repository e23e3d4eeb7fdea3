#include "cluster/tools/record_output.hpp"

#include "cluster/tools/json_text.hpp"
#include "core/base/varint.hpp"

namespace millrace {
namespace {

void add_field(JsonText& json, std::string_view name, const std::optional<ByteView>& bytes) {
    if (bytes) return json.bytes_field(name, *bytes);
    json.null_field(name);
}

/// The next field behind its length, which is -1 for null. REQUIRES: the headers hold.
std::optional<ByteView> take_field(ByteView headers, std::size_t& at) {
    const std::int32_t size = read_varint(headers, at).value_or(-1);
    if (size < 0) return std::nullopt;
    const ByteView field = headers.subspan(at, static_cast<std::size_t>(size));
    at += field.size();
    return field;
}

void add_headers(JsonText& json, ByteView headers) {
    json.key("headers");
    json.begin_array();
    std::size_t at = 0;
    for (std::int32_t left = read_varint(headers, at).value_or(0); left > 0; --left) {
        json.begin_object();
        add_field(json, "key", take_field(headers, at));
        add_field(json, "value", take_field(headers, at));
        json.end_object();
    }
    json.end_array();
}

void write_json(Output& output, const ConsumedRecord& record) {
    JsonText json;
    json.begin_object();
    json.field("topic", record.partition.topic);
    json.field("partition", record.partition.partition.value);
    json.field("offset", record.offset);
    json.field("timestamp", record.timestamp);
    add_field(json, "key", record.key);
    add_field(json, "value", record.value);
    add_headers(json, record.headers);
    json.end_object();
    output.add(json.text());
    output.add("\n");
}

}  // namespace

void write_record(Output& output, const ConsumedRecord& record, const RecordFormat& format) {
    if (format.json) return write_json(output, record);
    if (format.key_separator) {
        if (record.key) output.add(*record.key);
        output.add(*format.key_separator);
    }
    if (record.value) output.add(*record.value);
    output.add(format.separator);
}

}  // namespace millrace
