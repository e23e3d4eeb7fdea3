#include "cluster/coordination/embedded_store.hpp"

#include "core/base/crc32c.hpp"
#include "core/base/parse.hpp"
#include "core/storage/text_checkpoint.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <optional>

namespace millrace {
namespace {

constexpr std::string_view kFirstLine = "millrace-store 1";
constexpr std::size_t kStoreBytesMax = 64 << 20;

/// Takes the text up to `end` off the front of `text`, and `end` with it.
std::optional<std::string_view> take(std::string_view& text, char end) {
    const auto at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const auto taken = text.substr(0, at);
    text.remove_prefix(at + 1);
    return taken;
}

/// A count or an epoch: never negative.
std::optional<std::int32_t> count_of(std::string_view text) {
    const auto value = parse_number<std::int32_t>(text);
    return value && *value >= 0 ? value : std::nullopt;
}

/// The rest of a line behind `word` and a blank; nothing when it starts otherwise.
std::optional<std::string_view> behind(std::optional<std::string_view> line,
                                       std::string_view word) {
    if (!line || !line->starts_with(word)) return std::nullopt;
    line->remove_prefix(word.size());
    if (!line->starts_with(' ')) return std::nullopt;
    return line->substr(1);
}

bool parse_topic(std::optional<std::string_view> line, StoreContent& content) {
    auto rest = behind(line, "topic");
    if (!rest) return false;
    const auto name = take(*rest, ' ');
    const auto id_text = take(*rest, ' ');
    const auto partitions_text = take(*rest, ' ');
    if (!name || !id_text || !partitions_text) return false;
    const auto id = parse_uuid(*id_text);
    const auto partitions = count_of(*partitions_text);
    const auto epoch = count_of(*rest);
    if (!id || !partitions || *partitions == 0 || !epoch) return false;
    const StoredTopic topic{*id, *partitions, LeaderEpoch{*epoch}};
    return content.topics.emplace(std::string(*name), topic).second;
}

}  // namespace

std::string format_store(const StoreContent& content) {
    std::string text = fmt::format("{}\ncluster {}\ntopics {}\n", kFirstLine, content.cluster_id,
                                   content.topics.size());
    for (const auto& [name, topic] : content.topics) {
        text += fmt::format("topic {} {} {} {}\n", name, topic.id.to_string(), topic.partitions,
                            topic.leader_epoch.value);
    }
    return text + fmt::format("crc32c {:08x}\n", crc32c(as_bytes(text)));
}

Result<StoreContent> parse_store(std::string_view text) {
    const std::string_view whole = text;
    StoreContent content;
    if (take(text, '\n') != kFirstLine) return Errc::kMalformed;
    const auto cluster = behind(take(text, '\n'), "cluster");
    const auto count_text = behind(take(text, '\n'), "topics");
    if (!cluster || !count_text) return Errc::kMalformed;
    content.cluster_id = *cluster;
    const auto count = count_of(*count_text);
    if (!count) return Errc::kMalformed;
    for (std::int32_t i = 0; i < *count; ++i) {
        if (!parse_topic(take(text, '\n'), content)) return Errc::kMalformed;
    }
    const auto covered = whole.substr(0, whole.size() - text.size());
    if (text != fmt::format("crc32c {:08x}\n", crc32c(as_bytes(covered)))) return Errc::kMalformed;
    return content;
}

Task<Result<EmbeddedStore>> EmbeddedStore::open(World& world, std::string folder) {
    EmbeddedStore store(world, folder + "/" + std::string(kFileName));
    const auto text = co_await read_small_file(world, store.path_, kStoreBytesMax);
    if (!text) {
        if (text.error() == system_error(ENOENT)) co_return store;
        co_return text.error();
    }
    auto content = parse_store(*text);
    if (!content) co_return content.error();
    store.content_ = std::move(*content);
    co_return store;
}

Task<Result<void>> EmbeddedStore::replace(StoreContent next) {
    const std::string text = format_store(next);
    const auto written = co_await replace_file(*world_, path_, text);
    if (written) content_ = std::move(next);
    co_return written;
}

}  // namespace millrace
