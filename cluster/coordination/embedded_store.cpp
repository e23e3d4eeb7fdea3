#include "cluster/coordination/embedded_store.hpp"

#include "core/base/crc32c.hpp"
#include "core/base/parse.hpp"
#include "core/storage/ballast.hpp"
#include "core/storage/text_checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace millrace {
namespace {

constexpr std::string_view kFirstLine = "millrace-store 1";
constexpr std::size_t kStoreBytesMax = 64 << 20;

std::string path_in(const std::string& folder) {
    return folder + "/" + std::string(EmbeddedStore::kFileName);
}

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
    std::string text = fmt::format("{}\ngeneration {}\ncluster {}\ntopics {}\n", kFirstLine,
                                   content.generation, content.cluster_id, content.topics.size());
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
    const auto generation_text = behind(take(text, '\n'), "generation");
    const auto cluster = behind(take(text, '\n'), "cluster");
    const auto count_text = behind(take(text, '\n'), "topics");
    if (!generation_text || !cluster || !count_text) return Errc::kMalformed;
    const auto generation = parse_number<std::uint64_t>(*generation_text);
    if (!generation) return Errc::kMalformed;
    content.generation = *generation;
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

Task<EmbeddedStore> EmbeddedStore::open(World& world, std::vector<std::string> folders) {
    EmbeddedStore store(world);
    std::map<std::string, Error> lost;
    for (const std::string& folder : folders) {
        const auto text = co_await read_small_file(world, path_in(folder), kStoreBytesMax);
        store.folders_.push_back(folder);
        if (!text && text.error() == system_error(ENOENT)) continue;
        Result<StoreContent> copy = text.error();
        if (text) copy = parse_store(*text);
        if (copy) {
            store.learn(*copy);
        } else {
            lost.emplace(folder, copy.error());
        }
    }
    store.lose(std::move(lost));
    co_return store;
}

void EmbeddedStore::learn(const StoreContent& copy) {
    StoreContent older = copy;
    if (content_.cluster_id.empty() || copy.generation > content_.generation) {
        std::swap(older, content_);
    }
    for (auto& [name, topic] : content_.topics) {
        const auto known = older.topics.find(name);
        if (known == older.topics.end()) continue;
        topic.leader_epoch = std::max(topic.leader_epoch, known->second.leader_epoch);
    }
}

Task<Result<void>> EmbeddedStore::replace(StoreContent next) {
    const std::string text = format_store(next);
    std::map<std::string, Error> failed;
    const std::vector<std::string> folders = folders_;
    for (const std::string& folder : folders) {
        const auto written = co_await replace_file(*world_, path_in(folder), text);
        if (!written) failed.emplace(folder, written.error());
    }
    if (failed.size() == folders.size()) {
        if (failed.empty()) co_return Errc::kStorageFailed;
        co_return failed.begin()->second;
    }
    // A full disk isn't a broken one: its copy is the older, and nothing is lost.
    for (const auto& [folder, error] : failed) {
        if (is_full(error)) co_return error;
    }
    lose(std::move(failed));
    content_ = std::move(next);
    co_return Result<void>();
}

void EmbeddedStore::lose(std::map<std::string, Error> lost) {
    for (const auto& [folder, error] : lost) {
        std::erase(folders_, folder);
        lost_.emplace(folder, error);
    }
}

void EmbeddedStore::drop(const std::string& folder) {
    std::erase(folders_, folder);
    lost_.erase(folder);
}

}  // namespace millrace
