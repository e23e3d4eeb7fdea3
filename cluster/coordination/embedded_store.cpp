#include "cluster/coordination/embedded_store.hpp"

#include "core/storage/ballast.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kStoreBytesMax = 64 << 20;

std::string path_in(const std::string& folder) {
    return folder + "/" + std::string(EmbeddedStore::kFileName);
}

}  // namespace

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
    content_.next_producer_id = std::max(content_.next_producer_id, older.next_producer_id);
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
