#include "cluster/coordination/store_format.hpp"

#include "core/base/bytes.hpp"
#include "core/base/crc32c.hpp"
#include "core/base/parse.hpp"
#include "core/storage/text_checkpoint.hpp"

#include <fmt/format.h>

#include <optional>

namespace millrace {
namespace {

constexpr std::string_view kFirstLine = "millrace-store 1";
/// Stands for "", the scope of all brokers.
constexpr std::string_view kAllBrokers = "*";

/// A value may hold anything; on its line it holds no line feed.
std::string escaped(std::string_view value) {
    std::string text;
    for (const char each : value) {
        if (each == '\\') {
            text += "\\\\";
        } else if (each == '\n') {
            text += "\\n";
        } else {
            text += each;
        }
    }
    return text;
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string value;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            value += text[at];
            continue;
        }
        if (++at == text.size()) return std::nullopt;
        if (text[at] != '\\' && text[at] != 'n') return std::nullopt;
        value += text[at] == 'n' ? '\n' : '\\';
    }
    return value;
}

std::string format_overrides(const Properties& overrides) {
    std::string text;
    for (const auto& [key, value] : overrides) {
        text += fmt::format("config {} {}\n", key, escaped(value));
    }
    return text;
}

/// Takes a store's text apart, line by line. After a line that doesn't hold nothing more is read.
class StoreReader {
public:
    explicit StoreReader(std::string_view text) : rest_(text) {}

    bool ok() const { return ok_; }
    void fail() { ok_ = false; }
    std::string_view rest() const { return rest_; }

    /// A new line, which has to begin with `word`; its fields follow.
    void begin(std::string_view word) {
        const auto at = rest_.find('\n');
        if (!ok_ || at == std::string_view::npos) return fail();
        line_ = rest_.substr(0, at);
        rest_.remove_prefix(at + 1);
        if (line_.substr(0, word.size()) != word) return fail();
        line_.remove_prefix(word.size());
    }

    /// What stands between one blank and the next, or the line's end.
    std::string_view field() {
        if (!line_.starts_with(' ')) fail();
        if (!ok_) return {};
        line_.remove_prefix(1);
        const std::string_view found = line_.substr(0, line_.find(' '));
        line_.remove_prefix(found.size());
        return found;
    }

    /// Never negative.
    template <class Int>
    Int number() {
        const auto value = parse_number<Int>(field());
        if (!value || *value < Int{}) fail();
        return ok_ ? *value : Int{};
    }

    Uuid uuid() {
        const auto id = parse_uuid(field());
        if (!id) fail();
        return ok_ ? *id : Uuid{};
    }

    /// The rest of the line, blanks included.
    std::string value() {
        if (!line_.starts_with(' ')) fail();
        if (!ok_) return {};
        auto found = unescaped(line_.substr(1));
        line_ = {};
        if (!found) fail();
        return ok_ ? std::move(*found) : std::string();
    }

    void end() {
        if (!line_.empty()) fail();
    }

    /// A line that holds one count.
    std::int32_t count(std::string_view word) {
        begin(word);
        const auto found = number<std::int32_t>();
        end();
        return ok_ ? found : 0;
    }

    Properties overrides(std::int32_t count) {
        Properties found;
        for (std::int32_t i = 0; i < count && ok_; ++i) {
            begin("config");
            std::string key(field());
            std::string text = value();
            if (!found.emplace(std::move(key), std::move(text)).second) fail();
        }
        return found;
    }

private:
    std::string_view rest_;
    std::string_view line_;
    bool ok_{true};
};

void read_broker(StoreReader& reader, StoreContent& content) {
    reader.begin("broker");
    const std::string_view scope = reader.field();
    const auto count = reader.number<std::int32_t>();
    reader.end();
    std::string key(scope == kAllBrokers ? std::string_view() : scope);
    Properties overrides = reader.overrides(count);
    if (!content.brokers.emplace(std::move(key), std::move(overrides)).second) reader.fail();
}

void read_topic(StoreReader& reader, StoreContent& content) {
    reader.begin("topic");
    std::string name(reader.field());
    StoredTopic topic;
    topic.id = reader.uuid();
    topic.partitions = reader.number<std::int32_t>();
    topic.leader_epoch = LeaderEpoch{reader.number<std::int32_t>()};
    const auto configs = reader.number<std::int32_t>();
    reader.end();
    topic.overrides = reader.overrides(configs);
    if (topic.partitions == 0) reader.fail();
    if (!content.topics.emplace(std::move(name), std::move(topic)).second) reader.fail();
}

void read_deleted(StoreReader& reader, StoreContent& content) {
    reader.begin("deleted");
    std::string name(reader.field());
    const Uuid id = reader.uuid();
    reader.end();
    if (!content.deleted.emplace(id, std::move(name)).second) reader.fail();
}

/// `count` things, each read by `read`.
void read_all(StoreReader& reader, std::string_view word, StoreContent& content,
              void (*read)(StoreReader&, StoreContent&)) {
    const std::int32_t count = reader.count(word);
    for (std::int32_t i = 0; i < count && reader.ok(); ++i) read(reader, content);
}

}  // namespace

std::string format_store(const StoreContent& content) {
    std::string text =
        fmt::format("{}\ngeneration {}\ncluster {}\nproducer-ids {}\n", kFirstLine,
                    content.generation, content.cluster_id, content.next_producer_id);
    text += fmt::format("brokers {}\n", content.brokers.size());
    for (const auto& [scope, overrides] : content.brokers) {
        const std::string_view name = scope.empty() ? kAllBrokers : std::string_view(scope);
        text += fmt::format("broker {} {}\n", name, overrides.size()) + format_overrides(overrides);
    }
    text += fmt::format("topics {}\n", content.topics.size());
    for (const auto& [name, topic] : content.topics) {
        text += fmt::format("topic {} {} {} {} {}\n", name, topic.id.to_string(), topic.partitions,
                            topic.leader_epoch.value, topic.overrides.size());
        text += format_overrides(topic.overrides);
    }
    text += fmt::format("deletions {}\n", content.deleted.size());
    for (const auto& [id, name] : content.deleted) {
        text += fmt::format("deleted {} {}\n", name, id.to_string());
    }
    return text + fmt::format("crc32c {:08x}\n", crc32c(as_bytes(text)));
}

Result<StoreContent> parse_store(std::string_view text) {
    StoreReader reader(text);
    StoreContent content;
    reader.begin(kFirstLine);
    reader.end();
    reader.begin("generation");
    content.generation = reader.number<std::uint64_t>();
    reader.end();
    reader.begin("cluster");
    content.cluster_id = reader.field();
    reader.end();
    reader.begin("producer-ids");
    content.next_producer_id = reader.number<std::int64_t>();
    reader.end();
    read_all(reader, "brokers", content, &read_broker);
    read_all(reader, "topics", content, &read_topic);
    read_all(reader, "deletions", content, &read_deleted);
    if (!reader.ok()) return Errc::kMalformed;
    const auto covered = text.substr(0, text.size() - reader.rest().size());
    const std::string sum = fmt::format("crc32c {:08x}\n", crc32c(as_bytes(covered)));
    if (reader.rest() != sum) return Errc::kMalformed;
    return content;
}

}  // namespace millrace
