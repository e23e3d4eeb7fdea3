#include "cluster/tools/production.hpp"

#include "cluster/tools/json_text.hpp"
#include "core/runtime/file.hpp"

namespace millrace {
namespace {

constexpr std::size_t kInputBytes = 256 << 10;
/// So that every leader has something to do.
constexpr std::size_t kPendingBytesMax = 4 << 20;
/// More than any broker takes, so that input without a separator costs no more memory.
constexpr std::size_t kRecordBytesMax = 256 << 20;

}  // namespace

Production::Production(Cluster& cluster, const ProduceOptions& options, const Terminal& terminal,
                       std::int32_t partitions)
    : cluster_(cluster),
      options_(options),
      terminal_(terminal),
      sender_(cluster, options.topic, options.sending),
      partitioner_(options.rule, partitions),
      progress_(cluster.world(), terminal) {}

Task<Outcome<>> Production::run() {
    const auto sent = co_await send_files();
    co_await progress_.clear();
    if (!sent) co_return sent;
    co_return co_await end();
}

Task<Outcome<>> Production::send_files() {
    if (options_.files.empty()) {
        co_return co_await send_input();
    }
    for (const std::string& each : options_.files) {
        const auto sent = co_await send_file(each);
        if (!sent) co_return sent;
    }
    co_return Outcome<>();
}

Task<std::int64_t> Production::size_of(std::int32_t handle) {
    FileStatus status;
    const auto told = co_await perform(
        cluster_.world(), {.kind = IoKind::kFileStatus, .handle = handle, .data = &status});
    co_return told ? static_cast<std::int64_t>(status.size) : std::int64_t{0};
}

Task<Outcome<>> Production::send_input() {
    read_ = 0;
    total_ = co_await size_of(terminal_.input);
    const std::string name = "the input";
    co_return co_await send_all_of(terminal_.input, name);
}

Task<Outcome<>> Production::send_file(const std::string& path) {
    if (path == "-") co_return co_await send_input();
    auto file = co_await File::open(cluster_.world(), path, OpenMode::kRead);
    if (!file) co_return refused(path + ": " + file.error().message());
    read_ = 0;
    total_ = co_await size_of(file->handle());
    const auto outcome = co_await send_all_of(file->handle(), path);
    (void)co_await file->close();
    co_return outcome;
}

Task<Outcome<>> Production::send_all_of(std::int32_t handle, const std::string& name) {
    RecordSplitter splitter(options_.separator);
    Bytes buffer(kInputBytes);
    for (;;) {
        const auto count = co_await read_input(cluster_.world(), handle, buffer);
        if (!count) co_return refused(name + ": " + count.error().message());
        if (*count == 0) break;
        read_ += static_cast<std::int64_t>(*count);
        splitter.add(as_text(ByteView(buffer).first(*count)));
        while (const auto record = splitter.next()) take_record(*record);
        if (splitter.held() > kRecordBytesMax) {
            co_return refused(name + ": a record of more than 256 MiB");
        }
        // Who gives less than was asked for may be a person, or pause.
        if (*count == buffer.size() && sender_.pending() < kPendingBytesMax) continue;
        const auto flushed = co_await flush();
        if (!flushed) co_return flushed;
    }
    if (const auto rest = splitter.rest()) take_record(*rest);
    co_return co_await flush();
}

void Production::take_record(std::string_view record) {
    const KeyAndValue split = split_key(record, options_.key_separator);
    std::optional<ByteView> key;
    if (split.key) key = as_bytes(*split.key);
    std::optional<ByteView> value = as_bytes(split.value);
    if (options_.empty_is_null && split.value.empty()) value.reset();
    const std::int32_t partition =
        options_.partition ? *options_.partition : partitioner_.partition_of(key);
    sender_.add(partition, key, value);
    progress_.count(record.size());
}

Task<Outcome<>> Production::flush() {
    const auto flushed = co_await sender_.flush();
    if (!flushed) co_return flushed;
    co_await progress_.show(read_, total_);
    co_return Outcome<>();
}

Task<Outcome<>> Production::end() {
    if (options_.json) {
        Output output(cluster_.world(), terminal_.output);
        output.add(as_json());
        const auto written = co_await output.flush();
        if (!written) co_return refused("the output: " + written.error().message());
        co_return Outcome<>();
    }
    if (options_.quiet) co_return Outcome<>();
    Output messages(cluster_.world(), terminal_.messages);
    messages.add(progress_.summary());
    messages.add("\n");
    (void)co_await messages.flush();
    co_return Outcome<>();
}

std::string Production::as_json() const {
    JsonText json;
    json.begin_object();
    json.field("topic", options_.topic);
    json.field("records", progress_.records());
    json.field("bytes", progress_.bytes());
    json.field("milliseconds", static_cast<std::int64_t>(progress_.seconds() * 1000));
    json.key("partitions");
    json.begin_array();
    for (const auto& [partition, produced] : sender_.produced()) {
        json.begin_object();
        json.field("partition", partition);
        json.field("records", produced.records);
        json.field("first_offset", produced.first_offset);
        json.field("last_offset", produced.last_offset);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.text() + "\n";
}

Task<Outcome<>> produce(Cluster& cluster, const ProduceOptions& options, const Terminal& terminal) {
    if (options.create) {
        const auto made = co_await cluster.ensure_topic(options.topic);
        if (!made) co_return made;
    }
    const std::vector<std::string> names{options.topic};
    const auto topics = co_await cluster.topics(names);
    if (!topics) {
        Failure failure = topics.error();
        if (!options.create && failure.exit == ToolExit::kRefused)
            failure.text += " (--create makes it)";
        co_return failure;
    }
    const auto partitions = static_cast<std::int32_t>(topics->front().partitions.size());
    if (partitions == 0) co_return refused("topic " + options.topic + " has no partitions");
    if (options.partition && (*options.partition < 0 || *options.partition >= partitions)) {
        co_return refused("topic " + options.topic + " has " + std::to_string(partitions) +
                          " partitions, counted from 0");
    }
    Production production(cluster, options, terminal, partitions);
    co_return co_await production.run();
}

}  // namespace millrace
